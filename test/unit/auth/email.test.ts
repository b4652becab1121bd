import { expect, test } from 'vitest';
import { email } from '../../../shared/auth/shapes.ts';

test.each([
  ['  Ada@Example.COM ', 'ada@example.com'],
  ['ada@Bücher.example', 'ada@xn--bcher-kva.example'],
  ['ada@bu\u0308cher.example', 'ada@xn--bcher-kva.example'],
  ['ada@xn--bcher-kva.example', 'ada@xn--bcher-kva.example'],
  ['Ada.Lovelace+news@Example.com', 'ada.lovelace+news@example.com'],
  ['ada@例え。テスト', 'ada@xn--r8jz45g.xn--zckzah'],
])('%s is the address %s', (given, expected) => expect(email.parse(given)).toBe(expected));

test.each([
  '',
  'ada',
  'ada@',
  '@example.com',
  'ada@localhost',
  'ädä@example.com',
  'ada@exa mple.com',
  'a@b@c.example',
  `${'x'.repeat(250)}@example.com`,
  'ada@\u0000.example',
])('%j is no address', (given) => expect(email.safeParse(given).success).toBe(false));
