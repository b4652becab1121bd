/** The lives of keys, by the clock alone. */
import { expect, test } from 'vitest';
import {
  ACCESS_TOKEN_S,
  activeKey,
  LEAD_S,
  planRotation,
  publicHalves,
  ROTATE_AFTER_S,
  type SigningKeys,
  signingKeys,
  successorOf,
} from '../../../shared/auth/signing-keys.ts';

const beganS = 1_800_000_000;
const dayS = 86_400;
const first = planRotation(null, beganS, 'due').keys;
const kids = ({ keys }: SigningKeys) => keys.map(({ kid }) => kid);
/** The id of a session that began then. */
const sessionAt = (seconds: number) => {
  const stamp = (seconds * 1000).toString(16).padStart(12, '0');
  return `${stamp.slice(0, 8)}-${stamp.slice(8)}-7abc-8def-0123456789ab`;
};

test('an installation without a key gets one that signs at once', () => {
  expect(first.keys).toHaveLength(1);
  expect(activeKey(first, beganS).kid).toBe(first.keys[0]?.kid);
});

test('nothing happens until the key is 90 days old', () => {
  expect(planRotation(first, beganS + ROTATE_AFTER_S - 1, 'due')).toEqual({ keys: first, added: null });
  expect(planRotation(first, beganS + ROTATE_AFTER_S, 'due').added).not.toBe(null);
});

test('a new key is published two hours before it signs, the old one until its last token has ended', () => {
  const atS = beganS + 90 * dayS;
  const { keys, added } = planRotation(first, atS, 'due');
  expect(
    publicHalves(keys)
      .keys.map(({ kid }) => kid)
      .toSorted(),
  ).toEqual([...kids(first), added].toSorted());
  expect(activeKey(keys, atS + LEAD_S - 1).kid).toBe(first.keys[0]?.kid);
  expect(activeKey(keys, atS + LEAD_S).kid).toBe(added);
  const lastTokenEndsS = atS + LEAD_S + ACCESS_TOKEN_S;
  expect(kids(planRotation(keys, lastTokenEndsS, 'due').keys)).toHaveLength(2);
  expect(kids(planRotation(keys, lastTokenEndsS + 3600, 'due').keys)).toEqual([added]);
});

test('a key signs only once everybody knows it: after an hourly repair, our cache and a client’s, five minutes each', () => {
  expect(LEAD_S).toBeGreaterThanOrEqual(3600 + 300 + 300);
});

test('a second rotation waits for the first, and says so', () => {
  const { keys, added } = planRotation(first, beganS + dayS, 'now');
  expect(() => planRotation(keys, beganS + dayS + LEAD_S - 1, 'now')).toThrow(`the key ${added} is on its way already`);
  expect(planRotation(keys, beganS + dayS + LEAD_S, 'now').added).not.toBe(null);
});

test('keys that somebody knows are gone at once', () => {
  const { keys, added } = planRotation(first, beganS + dayS, 'compromised');
  expect(kids(keys)).toEqual([added]);
  expect(activeKey(keys, beganS + dayS).kid).toBe(added);
  expect(keys.refreshKeys[0]?.k).not.toBe(first.refreshKeys[0]?.k);
});

test('no private half is ever published', () => {
  const text = JSON.stringify(publicHalves(first));
  for (const key of first.keys) expect(text).not.toContain(key.d);
  expect(text).not.toContain('refresh');
});

test('a session’s refresh tokens have the same successors through any number of rotations, for its 30 days', () => {
  let keys = first;
  const sessionId = sessionAt(beganS + dayS);
  const successor = successorOf('secret', sessionId, keys);
  for (let day = 2; day <= 31; day += 1) {
    keys = planRotation(keys, beganS + day * dayS, 'now').keys;
    expect(successorOf('secret', sessionId, keys)).toBe(successor);
  }
  expect(successorOf('secret', sessionAt(beganS + 40 * dayS), keys)).not.toBe(successor);
});

test('sessions from before there were keys for this alone keep theirs', () => {
  const old = signingKeys.parse({ keys: first.keys.map(({ activeFrom: _, ...key }) => key) });
  const successor = successorOf('secret', sessionAt(beganS), old);
  const { keys } = planRotation(old, beganS, 'now');
  expect(successorOf('secret', sessionAt(beganS), keys)).toBe(successor);
  expect(successorOf('secret', sessionAt(beganS + LEAD_S), keys)).not.toBe(successor);
});
