/** A name shows something: whoever reads a list sees whom or what it means. */
import { expect, test } from 'vitest';
import { projectName } from '../../../shared/projects/shapes.ts';
import { isVisible } from '../../../shared/text/visible.ts';
import { displayName } from '../../../shared/users/shapes.ts';

const blank = ['\u200b', '\u3164', '\u2800', '\u00ad', '\u115f', '\ufe0f', '\u034f', '\u2060', '\u{e0041}', '\u0301'];
const rare = ['\u{1d159}', '\u{13441}', '\ufffc', '\u2800 \u2800', '\u200b\u200d', '\u00a0', '\u180e', '\ue000'];

test.each([...blank, ...rare])('%j is no name', (name) => {
  expect(isVisible(name)).toBe(false);
  for (const shape of [projectName, displayName]) expect(shape.safeParse(name).success).toBe(false);
});

test.each(['Ada', '?', '🥨', '👩‍👩‍👧', '❤️', '김', 'می\u200cخواهم', '1', '→', 'e\u0301', '\u200bAda'])(
  '%j is one',
  (name) => {
    expect(isVisible(name)).toBe(true);
    expect(projectName.safeParse(name).data).toBe(name);
  },
);
