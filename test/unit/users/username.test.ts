import { expect, test } from 'vitest';
import { skeletonOf, username } from '../../../shared/users/username.ts';

test.each([
  ['Ada.Lovelace', 'ada.lovelace'],
  ['ａｄａ', 'ada'],
  ['日本語ユーザー', '日本語ユーザー'],
  ['Ещё-раз', 'ещё-раз'],
  ['한글', undefined],
  ['김철수', '김철수'],
  ['x_1', 'x_1'],
])('%s is taken as %s', (given, expected) => expect(username.safeParse(given).data).toBe(expected));

test.each([
  'ab',
  'x'.repeat(51),
  'a b',
  'ada!',
  '.ada',
  'ada.',
  'a..b',
  'ada\u200bx',
  'pаypal',
  'ada\u0430',
  'αda',
  '٣٣٣x',
  '🐴🐴🐴',
  'dave\ufe0frfox',
  'dave\u034frfox',
  'dave\u180brfox',
  'dave\u{e0101}rfox',
  '\u3164김철수',
  '김철\u115f수',
  '김철수\uffa0',
  'ada\u{16fe4}x',
  'ada\u0e47x',
])('refuses %j', (given) => expect(username.safeParse(given).success).toBe(false));

test.each([
  'admin',
  'ADMIN',
  'adrnin',
  '4dmin'.replace('4', 'a'),
  'supp0rt',
  'R00T',
  `${'аԁмин'.slice(0, 0)}posthaste`,
])('%s is reserved, however it is made to look', (given) =>
  expect(username.safeParse(given).error?.issues[0]?.message).toBe('is reserved'),
);

test('names that people take for each other have one skeleton', () => {
  for (const [one, other] of [
    ['coco', 'сосо'],
    ['modern', 'rnodern'],
    ['ada0', 'adao'],
    ['lovelace', '1ove1ace'],
    ['ada', 'ＡＤＡ'],
    ['corn', 'com'],
    ['vivi', 'vi\u0307vi'],
    ['josé', 'jose\u0301\u0301'],
    ['daverfox', 'dave\ufe0frfox'],
    ['김철수', '김철\u115f수'],
  ] as const)
    expect([one, other, skeletonOf(one)]).toEqual([one, other, skeletonOf(other)]);
  expect(skeletonOf('ada')).not.toBe(skeletonOf('eda'));
});
