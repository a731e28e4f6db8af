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
    ['started 1 of 2 shifts', 'iniciados 1 de 2 turnos'],
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

test('all_models_and_pipelines_that_come_with_the_server_are_described_in_spanish', () => {
  const files = ['../models', '../pipelines'].flatMap((folder) =>
    readdirSync(folder).flatMap((name) => (name.endsWith('.toml') ? [`${folder}/${name}`] : [])),
  );
  assert.ok(files.length >= 10);
  for (const file of files) {
    const [, description = ''] = readFileSync(file, 'utf8').match(/^description = "(.*)"$/m) ?? [];
    assert.notEqual(inSpanish(description), description, file);
  }
});
