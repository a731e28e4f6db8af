import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Parameter } from '../../src/api/pipelines';
import { changedParameters, freeId, ofGroup, slugOf, wrongWith } from '../../src/pages/camera/parameters';

const parameter = (name: string, type: Parameter['type'], more: Partial<Parameter> = {}): Parameter => ({
  name,
  type,
  description: '',
  required: false,
  secret: false,
  default: null,
  min: null,
  max: null,
  choices: [],
  ...more,
});

test('what_people_set_first_stands_first', () => {
  const all = ['password', 'frames', 'user', 'location', 'mine'].map((name) => parameter(name, 'string'));
  assert.deepEqual(
    ofGroup(all, 'source').map(({ name }) => name),
    ['location', 'user', 'password'],
  );
  assert.deepEqual(
    ofGroup(all, 'advanced').map(({ name }) => name),
    ['frames', 'mine'],
  );
});

test('what_does_not_fit_is_seen_before_it_is_sent', () => {
  const threshold = parameter('threshold', 'float', { min: 0, max: 1 });
  assert.deepEqual(wrongWith(threshold, '1.5'), { kind: 'range', min: 0, max: 1 });
  assert.equal(wrongWith(threshold, '0,5'), undefined, 'a comma is a decimal point to many');
  assert.deepEqual(wrongWith(parameter('n', 'int'), '1.5'), { kind: 'number', whole: true });
  const location = parameter('location', 'url', { required: true, choices: ['rtsp'] });
  assert.deepEqual(wrongWith(location, 'http://x'), { kind: 'scheme', schemes: ['rtsp'] });
  assert.deepEqual(wrongWith(location, ''), { kind: 'needed' });
  assert.equal(wrongWith(location, 'rtsp://user:***@10.0.0.7/live'), undefined);
});

test('only_what_was_typed_is_changed_and_what_is_emptied_goes_back_to_its_default', () => {
  const all = [parameter('threshold', 'float'), parameter('loop', 'bool'), parameter('user', 'string')];
  const typed = { threshold: '', loop: 'true', user: 'ana' };
  assert.deepEqual(changedParameters(all, { threshold: 0.5, user: 'ana' }, typed), {
    threshold: null,
    loop: true,
  });
});

test('an_id_is_made_of_a_name', () => {
  assert.equal(slugOf('Salón — niñas!'), 'salon-ninas');
  assert.equal(freeId('Front door', ['front-door']), 'front-door-2');
  assert.equal(freeId('¿?', []), 'camera');
});
