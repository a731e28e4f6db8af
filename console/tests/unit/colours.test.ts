import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inkOn, trackColour } from '../../src/video/colours';

test('numbers_are_black_on_light_colours_and_white_on_dark_ones', () => {
  assert.equal(inkOn(trackColour(1)), '#000000', 'yellow');
  assert.equal(inkOn(trackColour(7)), '#ffffff', 'dark red');
  assert.equal(inkOn('#000000'), '#ffffff');
  assert.equal(inkOn('#ffffff'), '#000000');
});
