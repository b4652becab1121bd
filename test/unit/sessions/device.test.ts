import { expect, test } from 'vitest';
import { deviceOf } from '../../../shared/sessions/device.ts';

const chrome =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36';
const safari =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Mobile/15E148 Safari/604.1';

test.each([
  [chrome, { name: 'Chrome', system: 'Windows', kind: 'desktop' }],
  [chrome.replace('142', '143'), { name: 'Chrome', system: 'Windows', kind: 'desktop' }],
  [safari, { name: 'Safari', system: 'iOS', kind: 'mobile' }],
  ['curl/8.14.1', { name: 'curl', system: null, kind: null }],
  ['node', { name: 'node', system: null, kind: null }],
  ['<script>', { name: null, system: null, kind: null }],
  ['', { name: null, system: null, kind: null }],
  [null, { name: null, system: null, kind: null }],
])('%s', (userAgent, expected) => expect(deviceOf(userAgent)).toEqual(expected));
