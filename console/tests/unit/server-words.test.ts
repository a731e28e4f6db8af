import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import '../fakes/page';
import { fromServer } from '../../src/i18n/server';
import { setLanguage } from '../../src/prefs';

const inSpanish = (text: string) => {
  setLanguage('es');
  const said = fromServer(text);
  setLanguage('en');
  return said;
};

test('what_the_server_says_is_told_in_spanish_with_what_it_names', () => {
  for (const [said, told] of [
    ['connection refused by 10.0.0.7 on port 554', '10.0.0.7 rechaza la conexión en el puerto 554'],
    [
      'no decoder for video/x-h265: install gstreamer1.0-libav',
      'falta un decodificador de video/x-h265: instala gstreamer1.0-libav',
    ],
    ['started 2 shifts', 'iniciados 2 turnos'],
    [
      'no connection to 10.0.0.7 on port 554: Connection reset by peer (os error 104)',
      'no hay conexión con 10.0.0.7 en el puerto 554 (error 104 del sistema)',
    ],
    ['deleted 2 of zone_stay, 30 of audit', 'borradas: 2 de estancias en zonas, 30 de auditoría'],
    ['deleted 2 of moons', 'borradas: 2 de moons'],
    ['no pipeline "rtps"; there are file, rtsp', 'no hay ningún pipeline "rtps"; hay file, rtsp'],
    [
      'a.db: 7 rows, 4096 bytes, checked; 0 older deleted',
      'a.db: 7 filas, 4096 bytes, revisada; 0 anteriores borradas',
    ],
  ] as const) {
    assert.equal(inSpanish(said), told);
    assert.equal(fromServer(said), said);
  }
});

test('what_a_later_server_says_is_shown_as_it_comes', () => {
  assert.equal(inSpanish('the moon is in the way'), 'the moon is in the way');
});

/** Words that English has and Spanish has not. */
const ENGLISH = /(?:^|\s)(?:the|of|is|are|was|to|and|for|not|on|in|by|with|from|this|there|it)(?=\s|$)/;

function assertTold(said: string, where: string) {
  const told = inSpanish(said);
  assert.notEqual(told, said, where);
  assert.doesNotMatch(told, ENGLISH, where);
}

test('all_models_and_pipelines_that_come_with_the_server_are_described_in_spanish', () => {
  const files = ['../models', '../pipelines'].flatMap((folder) =>
    readdirSync(folder).flatMap((name) => (name.endsWith('.toml') ? [`${folder}/${name}`] : [])),
  );
  assert.ok(files.length >= 10);
  for (const file of files) {
    const descriptions = [...readFileSync(file, 'utf8').matchAll(/^description = "(.*)"$/gm)];
    assert.ok(descriptions.length > 0, file);
    for (const [, description = ''] of descriptions) assertTold(description, file);
  }
});

/** What is said in a Rust file in two words or more, with a figure for each thing that is named. */
function saidIn(file: string): string[] {
  const [code = ''] = readFileSync(`../src/${file}`, 'utf8').split('#[cfg(test)]');
  const told = code
    .replace(/^\s*\/\/.*$/gm, '')
    .replace(/#\[(?:[^\]"]|"[^"]*")*\]/g, '')
    // What is logged, or looked for in the words of others.
    .replace(/\b(?:tracing::\w+|info|warn)!\((?:[^()"]|"(?:[^"\\]|\\.)*"|\([^()]*\))*\)/g, '')
    .replace(/\bsaid\(&\[[^\]]*\]\)|\bcontains\("[^"]*"\)|\bexpect\("[^"]*"\)/g, '');
  return [...told.matchAll(/"((?:[^"\\]|\\.)*)"/g)]
    .map(([, literal = '']) => literal.replace(/\{[^{}]*\}/g, '7'))
    .filter((literal) => /\p{L}{2}.*\s.*\p{L}{2}/u.test(literal));
}

test('whatever_the_server_says_of_a_lost_camera_is_told_in_spanish', () => {
  // What `stream.rs` says is said by commands.
  const makers = readdirSync('../src/camera')
    .filter((name) => name.endsWith('.rs') && name !== 'stream.rs')
    .filter((name) => /\bTrouble::/.test(readFileSync(`../src/camera/${name}`, 'utf8')));
  const files = [...makers, 'reach.rs', 'run.rs'].map((name) => `camera/${name}`);
  const all = files.flatMap((file) => saidIn(file).map((said) => ({ file, said })));
  for (const { file, said } of all) assertTold(said, `${file}: ${said}`);
  const sayings = new Set(all.map(({ said }) => said));
  for (const known of [
    'no picture for 7 s',
    'connection refused by 7 on port 7',
    'nobody sends it pictures',
  ]) {
    assert.ok(sayings.has(known), known);
  }
  assert.ok(sayings.size >= 25, `${sayings.size}`);
});

test('whatever_jobs_say_is_told_in_spanish', () => {
  const all = saidIn('jobs/work.rs');
  assert.ok(all.includes('started 7 shifts') && all.length >= 4, `${all}`);
  for (const said of all) assertTold(said, said);
});

test('whatever_is_wrong_with_the_server_is_told_in_spanish', () => {
  const all = saidIn('api/health.rs').filter((said) => said !== 'not ready');
  assert.ok(all.includes('does not answer in time') && all.length >= 10, `${all}`);
  for (const said of all) assertTold(said, said);
});

test('each_table_that_is_cleaned_up_has_a_spanish_word', () => {
  const [, body = ''] =
    /fn table\(self\)[^{]*\{(.*?)\n {4}\}/s.exec(readFileSync('../src/store/retention.rs', 'utf8')) ?? [];
  const tables = [...body.matchAll(/=> "(\w+)"/g)].map(([, table]) => table);
  assert.ok(tables.length >= 7);
  for (const table of tables)
    assert.doesNotMatch(inSpanish(`deleted 7 of ${table}`), new RegExp(`de ${table}$`));
});
