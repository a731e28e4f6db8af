import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import '../fakes/page';
import { feedAddress } from '../../src/components/feed-note';
import { addWords } from '../../src/pages/add-camera/words';
import { setLanguage } from '../../src/prefs';

test('each_source_that_comes_with_the_server_has_a_name_in_both_languages', () => {
  const sources = readdirSync('../pipelines').flatMap((name) => /^(.+)\.toml$/.exec(name)?.[1] ?? []);
  assert.ok(sources.includes('whip'));
  for (const language of ['es', 'en'] as const) {
    setLanguage(language);
    for (const source of sources) assert.ok(addWords.value.pipelines[source], `${language}: ${source}`);
  }
});

test('a_camera_that_is_published_to_has_an_address_for_the_device', () => {
  assert.equal(feedAddress('hall', 'https://venue.example/'), 'https://venue.example/totem?totem=hall');
});
