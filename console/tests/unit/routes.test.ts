import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import '../fakes/history';
import { guard, mayLeave, type Route, replace, route } from '../../src/routes';
import { back, click, past } from '../fakes/history';

let asked: string[] = [];
let release: () => void = () => undefined;

const hold = (answer: boolean) => {
  release = guard((next: Route | undefined) => {
    asked.push(next?.page ?? 'elsewhere');
    return answer;
  });
};

beforeEach(() => {
  release();
  asked = [];
  click('#/shifts');
  click('#/cameras/demo');
});

test('a_link_that_is_declined_leaves_address_and_history_as_they_were', () => {
  const before = past();
  hold(false);
  click('#/events');
  assert.deepEqual([route.value.page, asked], ['camera', ['events']]);
  assert.deepEqual(past(), before);
});

test('who_signs_out_is_asked_as_well', () => {
  assert.equal(mayLeave(), true);
  hold(false);
  assert.equal(mayLeave(), false);
  assert.deepEqual(asked, ['elsewhere']);
});

test('the_button_back_that_is_declined_can_be_pressed_again', () => {
  const before = past();
  hold(false);
  back();
  assert.deepEqual([route.value.page, asked], ['camera', ['shifts']]);
  assert.deepEqual(past(), before);
  back();
  assert.deepEqual(asked, ['shifts', 'shifts']);
});

test('who_wants_to_leave_is_asked_once', () => {
  hold(true);
  replace('#/cameras/bar');
  assert.deepEqual([route.value.rest, asked], [['bar'], ['camera']]);
  click('#/events');
  assert.deepEqual([route.value.page, asked], ['events', ['camera', 'events']]);
});

test('what_is_declined_before_it_is_done_changes_nothing', () => {
  const before = past();
  hold(false);
  replace('#/cameras/bar');
  assert.deepEqual([route.value.rest, asked], [['demo'], ['camera']]);
  assert.deepEqual(past(), before);
});
