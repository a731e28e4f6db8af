//! A database that is quick, slow, silent or wrong, and a clock that is turned.

use tokio::time::advance;

use super::*;

/// How the database does.
#[derive(Debug, Clone)]
enum Mood {
    Answers(Vec<i64>),
    Fails,
    Hangs,
}

/// Who was told which sectors of a user.
type News = Arc<Mutex<Vec<(Station, Vec<i64>)>>>;

struct Scene {
    cache: SectorCache,
    mood: Arc<Mutex<Mood>>,
    asked: Arc<Mutex<Vec<Station>>>,
    news: News,
}

impl Scene {
    fn new(mood: Mood) -> Self {
        let (mood, asked) = (Arc::new(Mutex::new(mood)), Arc::new(Mutex::new(Vec::new())));
        let news = News::default();
        let (moods, asks, told) = (mood.clone(), asked.clone(), news.clone());
        let context = SectorContext {
            look_up: Box::new(move |station| {
                asks.lock().unwrap().push(station);
                let mood = moods.lock().unwrap().clone();
                Box::pin(async move {
                    // A query takes a moment, so that others come in between.
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    match mood {
                        Mood::Answers(sectors) => Ok(sectors.into_iter().map(sector).collect()),
                        Mood::Fails => Err("away".to_owned()),
                        Mood::Hangs => std::future::pending().await,
                    }
                })
            }),
            changed: Box::new(move |station, sectors| {
                told.lock().unwrap().push((station.clone(), sectors.iter().map(|id| id.get()).collect()));
            }),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        };
        Self { cache: SectorCache::new(context), mood, asked, news }
    }

    fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    async fn get(&self, user: &str) -> Served {
        self.cache.get(&station(user)).await
    }

    /// Answers by their counts: hit, miss, stale, timeout.
    fn counts(&self) -> [u64; 4] {
        let SectorFigures { hit, miss, stale, timeout, .. } = self.cache.figures();
        [hit, miss, stale, timeout]
    }

    fn news(&self) -> Vec<Vec<i64>> {
        self.news.lock().unwrap().drain(..).map(|(_, sectors)| sectors).collect()
    }
}

fn sector(id: i64) -> SectorId {
    SectorId::new(id).unwrap()
}

fn station(user: &str) -> Station {
    Station { tenant: TenantId::default(), user: user.into(), branch: Some(BranchId::default()) }
}

fn known(sectors: &[i64]) -> Served {
    Served::Known(sectors.iter().copied().map(sector).collect())
}

/// Lets time pass in steps, so that whoever waits within it goes on.
async fn pass(time: Duration) {
    let end = Instant::now() + time;
    while Instant::now() < end {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        advance(Duration::from_millis(100).min(end - Instant::now())).await;
    }
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_hundred_who_connect_at_once_are_one_question() {
    let scene = Scene::new(Mood::Answers(vec![1, 2]));
    let all = futures_util::future::join_all((0..100).map(|_| scene.get("ana"))).await;
    assert!(all.iter().all(|served| *served == known(&[1, 2])));
    assert_eq!(scene.asked(), 1);
    assert_eq!(scene.get("ana").await, known(&[1, 2]));
    assert_eq!((scene.asked(), scene.counts()), (1, [1, 100, 0, 0]));
    assert!(scene.news().is_empty(), "nobody was told anything else before");
}

#[tokio::test(start_paused = true)]
async fn each_user_branch_and_tenant_is_a_question_of_its_own() {
    let scene = Scene::new(Mood::Answers(vec![1]));
    let other_branch = Station { branch: BranchId::new(2).ok(), ..station("ana") };
    let all_branches = Station { branch: None, ..station("ana") };
    let other_tenant = Station { tenant: TenantId::new(2).unwrap(), ..station("ana") };
    for station in [station("ana"), station("bea"), other_branch, all_branches, other_tenant] {
        scene.cache.get(&station).await;
        assert_eq!(*scene.asked.lock().unwrap().last().unwrap(), station);
    }
    assert_eq!(scene.asked(), 5);
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_asked_for_again_within_five_minutes_and_not_by_all_at_once() {
    let scene = Scene::new(Mood::Answers(vec![1]));
    for n in 0..50 {
        scene.get(&format!("user {n}")).await;
    }
    let mut again = Vec::new();
    for _ in 0..31 {
        pass(10 * SECOND).await;
        let before = scene.asked();
        for n in 0..50 {
            scene.get(&format!("user {n}")).await;
        }
        again.push(scene.asked() - before);
    }
    assert_eq!(again[..22].iter().sum::<usize>(), 0, "{again:?}");
    assert_eq!(again.iter().sum::<usize>(), 50);
    assert!(again.iter().all(|count| *count < 40), "{again:?}");
}

#[tokio::test(start_paused = true)]
async fn a_database_that_hangs_costs_two_seconds_and_then_the_last_answer_holds() {
    let scene = Scene::new(Mood::Answers(vec![1]));
    scene.get("ana").await;
    scene.set(Mood::Hangs);
    pass(301 * SECOND).await;
    let before = Instant::now();
    assert_eq!(scene.get("ana").await, known(&[1]));
    let waited = before.elapsed();
    assert!((PATIENCE..PATIENCE + SECOND).contains(&waited), "{waited:?}");
    let before = Instant::now();
    assert_eq!(scene.get("ana").await, known(&[1]));
    assert!(before.elapsed() < Duration::from_millis(100), "that it is slow is known by now");
    assert_eq!(scene.counts(), [0, 1, 2, 0]);
    // It goes on by itself, and whoever was told the old is told the new.
    scene.set(Mood::Answers(vec![2]));
    pass(20 * SECOND).await;
    assert_eq!(scene.news(), [[2]]);
    assert_eq!(scene.get("ana").await, known(&[2]));
    assert_eq!(scene.counts(), [1, 1, 2, 0]);
}

#[tokio::test(start_paused = true)]
async fn of_whom_nothing_is_known_nothing_is_said_and_what_comes_late_is_told() {
    let scene = Scene::new(Mood::Hangs);
    assert_eq!(scene.get("ana").await, Served::Unknown);
    scene.set(Mood::Fails);
    let before = Instant::now();
    assert_eq!(scene.get("bea").await, Served::Unknown);
    assert!(before.elapsed() < SECOND, "a failure is not waited for");
    assert_eq!(scene.counts(), [0, 0, 0, 2]);
    scene.set(Mood::Answers(vec![3]));
    pass(20 * SECOND).await;
    assert_eq!(scene.news(), [[3], [3]]);
    assert_eq!(scene.get("ana").await, known(&[3]));
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_more_than_an_hour_ago_is_none() {
    let scene = Scene::new(Mood::Answers(vec![1]));
    scene.get("ana").await;
    scene.set(Mood::Fails);
    pass(3599 * SECOND).await;
    assert_eq!(scene.get("ana").await, known(&[1]));
    pass(2 * SECOND).await;
    assert_eq!(scene.get("ana").await, Served::Unknown);
}

#[tokio::test(start_paused = true)]
async fn a_database_that_is_away_is_not_asked_all_the_time() {
    let scene = Scene::new(Mood::Fails);
    for _ in 0..600 {
        scene.get("ana").await;
        pass(SECOND).await;
    }
    // After 1, 2, 4 … 60 s, of which half is left to chance.
    assert!((10..30).contains(&scene.asked()), "{}", scene.asked());
}

#[tokio::test(start_paused = true)]
async fn what_is_made_invalid_is_asked_anew_for_the_user_or_the_tenant_alone() {
    let scene = Scene::new(Mood::Answers(vec![1]));
    let theirs = Station { tenant: TenantId::new(2).unwrap(), ..station("ana") };
    let ask_all = async || {
        let before = scene.asked();
        scene.get("ana").await;
        scene.get("bea").await;
        scene.cache.get(&theirs).await;
        scene.asked() - before
    };
    assert_eq!(ask_all().await, 3);
    scene.cache.invalidate(TenantId::default(), Some("ana"));
    assert_eq!(ask_all().await, 1);
    scene.cache.invalidate(TenantId::default(), None);
    assert_eq!(ask_all().await, 2);
    scene.set(Mood::Answers(vec![2]));
    scene.cache.invalidate(TenantId::default(), Some("ana"));
    assert_eq!(scene.get("ana").await, known(&[2]));
    assert_eq!(scene.news(), [[2]]);
    // A change while it is looked up: what is on its way may be old.
    scene.cache.invalidate(TenantId::default(), Some("ana"));
    let (cache, ana) = (scene.cache.clone(), station("ana"));
    let early = tokio::spawn(async move { cache.get(&ana).await });
    pass(Duration::from_millis(5)).await;
    scene.set(Mood::Answers(vec![3]));
    scene.cache.invalidate(TenantId::default(), Some("ana"));
    assert_eq!(scene.get("ana").await, known(&[3]));
    assert_eq!(early.await.unwrap(), known(&[2]), "it had asked before the change");
    // And one that the database does not tell: the last answer holds.
    scene.set(Mood::Fails);
    scene.cache.invalidate(TenantId::default(), Some("ana"));
    assert_eq!(scene.get("ana").await, known(&[3]));
}

#[tokio::test(start_paused = true)]
async fn a_refresh_passes_by_what_is_known_and_a_hundred_are_one_or_two_questions() {
    let scene = Scene::new(Mood::Answers(vec![1]));
    scene.get("ana").await;
    scene.set(Mood::Answers(vec![2]));
    let ana = station("ana");
    let all = futures_util::future::join_all((0..100).map(|_| scene.cache.refresh(&ana))).await;
    assert!(all.iter().all(|served| *served == known(&[2])));
    assert_eq!(scene.asked(), 2);
    // One that comes while another one is looked up waits for the next: what is on its way may be old.
    let (cache, first) = (scene.cache.clone(), ana.clone());
    let first = tokio::spawn(async move { cache.refresh(&first).await });
    pass(Duration::from_millis(5)).await;
    scene.set(Mood::Answers(vec![3]));
    let late = futures_util::future::join_all((0..100).map(|_| scene.cache.refresh(&ana))).await;
    assert!(late.iter().all(|served| *served == known(&[3])));
    assert_eq!(first.await.unwrap(), known(&[2]));
    assert_eq!(scene.asked(), 4);
    scene.set(Mood::Fails);
    assert_eq!(scene.cache.refresh(&ana).await, known(&[3]), "the last answer holds");
}

#[tokio::test(start_paused = true)]
async fn whoever_hangs_up_stops_no_look_up_that_others_wait_for() {
    let scene = Scene::new(Mood::Answers(vec![1]));
    let (cache, ana) = (scene.cache.clone(), station("ana"));
    let first = tokio::spawn(async move { cache.get(&ana).await });
    pass(Duration::from_millis(5)).await;
    first.abort();
    assert_eq!(scene.get("ana").await, known(&[1]));
    assert_eq!(scene.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_kept_and_look_ups_at_once_are_bounded() {
    let scene = Scene::new(Mood::Hangs);
    let many = (0..100).map(|n| format!("user {n}")).collect::<Vec<_>>();
    let all = futures_util::future::join_all(many.iter().map(|user| scene.get(user))).await;
    assert!(all.iter().all(|served| *served == Served::Unknown));
    assert_eq!(scene.asked(), AT_ONCE);
    let scene = Scene::new(Mood::Answers(vec![1]));
    let many = (0..MOST + 500).map(|n| format!("user {n}")).collect::<Vec<_>>();
    for users in many.chunks(500) {
        futures_util::future::join_all(users.iter().map(|user| scene.get(user))).await;
    }
    assert_eq!(scene.cache.figures().kept, MOST);
    let before = scene.asked();
    scene.get("user 10499").await;
    assert_eq!(scene.asked(), before, "the last one is known");
    scene.get("user 0").await;
    assert_eq!(scene.asked(), before + 1, "the first one is forgotten");
}
