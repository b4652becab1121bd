/** Texts that mean something where they end up: in pages, mails, header fields and log lines they are text and nothing else. */
import { Parser } from 'htmlparser2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { listDoors } from '../../infra/doors.ts';
import { endpointsOf } from '../../infra/local/functions.ts';
import { log } from '../../shared/log.ts';
import { mailPayload, renderMail } from '../../shared/mail/templates.ts';
import { createProject, mailedToken, type Person, password } from '../support/people.ts';
import { ahead, connectCommunity, createPost } from '../support/posts.ts';
import { rawRequest } from '../support/raw.ts';
import { pathOf, type Sample, samplesOf, seedOwner } from '../support/samples.ts';
import { openWorld, type World } from '../support/world.ts';

/** One line each: what has two is refused where a name is asked for. */
const names = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  `'"--></style></script><svg onload=alert(1)>`,
  'javascript:alert(1)',
  '</title><base href=https://evil.example>',
  ['{{constructor.constructor("alert(1)")()}}', '$', '{7*7}<%= 7*7 %>#{7*7}'].join(''),
  '&lt;b&gt;&amp;amp;',
  "=cmd|'/C calc'!A0",
  '+1+1',
  '-2+3',
  '@SUM(1+1)*cmd|x',
  '","level":"error","message":"forged',
  `'); drop table users; --`,
  '%0d%0aSet-Cookie: a=b',
  'https://evil.example/login',
  'Ann <ann@evil.example>',
];
const twoLines = [
  'a\r\nBcc: eve@evil.example',
  'a\nb',
  'a\rb',
  'a\u2028b',
  'a\u0085b',
  'a\u001b[31mred',
  'a\u0000b',
  'a\u009bm',
  'a\u202egnp.exe',
  'a\u2066b',
];

let world: World;
let ada: Person;
let samples: Readonly<Record<string, Sample>>;
beforeAll(async () => {
  world = await openWorld({ workers: true });
  const seed = await seedOwner(world);
  samples = samplesOf(seed);
  ada = seed.owner;
});
afterAll(() => world.close());

interface Markup {
  readonly tags: readonly string[];
  readonly attributes: readonly string[];
  readonly addresses: readonly string[];
  readonly scripts: readonly string[];
}

function readMarkup(text: string): Markup {
  const [tags, attributes, addresses, scripts]: [string[], string[], string[], string[]] = [[], [], [], []];
  let script: string | null = null;
  const parser = new Parser({
    onopentag: (name, own) => {
      tags.push(name);
      attributes.push(...Object.keys(own));
      for (const field of ['href', 'src', 'action', 'formaction', 'xlink:href'])
        if (own[field] !== undefined) addresses.push(own[field]);
      if (name === 'script') script = '';
    },
    ontext: (part) => {
      if (script !== null) script += part;
    },
    onclosetag: (name) => {
      if (name === 'script' && script !== null) scripts.push(script);
      if (name === 'script') script = null;
    },
  });
  parser.end(text);
  return { tags, attributes, addresses, scripts };
}

/** What no page of ours has, whatever people wrote into it. */
function expectHarmless(text: string, what: string, scripts: number): void {
  const markup = readMarkup(text);
  expect(markup.scripts.length, what).toBe(scripts);
  expect(
    markup.attributes.filter((name) => /^on/i.test(name)),
    what,
  ).toEqual([]);
  expect(
    markup.tags.filter((name) => /^(iframe|object|embed|base|applet|frame)$/.test(name)),
    what,
  ).toEqual([]);
  expect(
    markup.addresses.filter((address) => !/^(https?:|mailto:|\/|#|$)/.test(address)),
    what,
  ).toEqual([]);
}

describe('in the pages that a browser opens', () => {
  test.each(names)('%s is text', async (name) => {
    const project = await createProject(world, ada, `${name} ${crypto.randomUUID().slice(0, 8)}`);
    const account = await connectCommunity(world, ada, project.id);
    const post = await createPost(world, ada, {
      projectId: project.id,
      text: name,
      schedule: { type: 'at', at: ahead(3_600) },
      publications: [{ accountId: account.id }],
    });
    const link = await world.call('POST', `/v1/posts/${post.id}/report-links`, { token: ada.token, json: {} });
    const report = await world.call('GET', new URL(link.json(z.looseObject({ url: z.url() })).url).pathname);
    expect(report.status).toBe(200);
    expectHarmless(report.text, 'report', 0);
    const renamed = await world.call('PATCH', '/v1/me', {
      token: ada.token,
      json: { displayName: name.slice(0, 100) },
    });
    expect(renamed.status).toBe(200);
    const email = `guest.${crypto.randomUUID()}@example.com`;
    const invited = await world.call('POST', `/v1/projects/${project.id}/invitations`, {
      token: ada.token,
      json: { email, role: 'viewer' },
    });
    expect(invited.status).toBe(201);
    const [mail] = world.mails(email);
    const path = /\/invitations\/[A-Za-z0-9_-]{43}/.exec(mail?.text ?? '')?.[0] ?? '';
    const page = await world.call('GET', path);
    expect(page.status).toBe(200);
    expectHarmless(page.text, 'invitation', 1);
    expectHarmless(mail?.html ?? '<iframe>', 'mail', 0);
    expect((mail?.text ?? '').match(/https?:\/\/\S+/g), 'links of the mail').toEqual([
      expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/invitations\//),
    ]);
    expect(mail?.to).toEqual([email]);
  });
});

describe('every page', () => {
  test('runs and loads what it declares, and nothing from elsewhere', async () => {
    const other = await openPages();
    expect(Object.keys(other).length).toBeGreaterThan(3);
    for (const [operation, { text, policy }] of Object.entries(other)) {
      expect([operation, policy]).toEqual([operation, expect.stringMatching(/^default-src 'none'/)]);
      const scripts = /(?:^|; )script-src ([^;]*)/.exec(policy)?.[1] ?? '';
      expect(scripts.split(' ').filter((source) => !/^('self'|'sha256-[\w+/=]+'|)$/.test(source))).toEqual([]);
      expect(policy).not.toMatch(/unsafe-eval|\*|https?:/);
      for (const directive of ["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"]) {
        expect([operation, policy]).toEqual([operation, expect.stringContaining(directive)]);
      }
      expect(
        readMarkup(text).addresses.filter((address) => /^(https?:)?\/\//.test(address)),
        operation,
      ).toEqual([]);
      expect(
        readMarkup(text).attributes.filter((name) => /^(on.*|style)$/i.test(name)),
        operation,
      ).toEqual([]);
    }
  });
});

/** Every door that answers HTML, by its sample. */
async function openPages(): Promise<Record<string, { text: string; policy: string }>> {
  const pages: Record<string, { text: string; policy: string }> = {};
  for (const { operation, contract } of endpointsOf(await listDoors())) {
    const sample = samples[operation];
    if (![contract.content].flat()[0]?.startsWith('text/html') || sample === undefined || sample.owner !== undefined)
      continue;
    const { text, headers } = await world.call('GET', pathOf(contract, sample));
    pages[operation] = { text, policy: headers.get('content-security-policy') ?? '' };
  }
  return pages;
}

describe('a cell of a table that is taken away', () => {
  test.each(names.filter((name) => /^[=+@-]/.test(name)))('%s is no formula', async (displayName) => {
    const { token } = ada;
    expect((await world.call('PATCH', '/v1/me', { token, json: { displayName } })).status).toBe(200);
    await createProject(world, ada, `${displayName} ${crypto.randomUUID()}`);
    const { status, text } = await world.call('GET', '/v1/audit/export.csv', { token });
    expect(status).toBe(200);
    const cells = [...text.matchAll(/(?<=^|,|\r?\n)(?:"((?:[^"]|"")*)"|([^",\r\n]*))/g)].map(
      ([, quoted, plain]) => quoted ?? plain ?? '',
    );
    expect(cells.filter((cell) => cell.replaceAll('""', '"') === `'${displayName}`).length).toBeGreaterThan(0);
    expect(cells.filter((cell) => /^[=+@\t\r-]/.test(cell))).toEqual([]);
  });
});

describe('a name of two lines, or that hides or turns what follows, is none', () => {
  test.each(twoLines)('%j', async (name) => {
    const { token } = ada;
    const email = `lines.${crypto.randomUUID()}@example.com`;
    for (const [method, path, json] of [
      ['POST', '/v1/auth/register', { email, password, displayName: name }],
      ['POST', '/v1/projects', { name }],
      ['PATCH', '/v1/me', { displayName: name }],
    ] as const) {
      const answer = await world.call(method, path, { token, json });
      expect([path, answer.status, answer.code]).toEqual([path, 422, 'invalid_request']);
    }
    expect(world.mails(email)).toEqual([]);
  });
});

describe('an address that is more than one, or none', () => {
  test.each([
    'a@example.com\r\nBcc: eve@evil.example',
    'a@example.com\n',
    'a@example.com,eve@evil.example',
    'a@example.com;eve@evil.example',
    'a@example.com eve@evil.example',
    'Ann <a@example.com>',
    '<a@example.com>',
    '"a b"@example.com',
    '"a\\"@example.com,eve@evil.example"@example.com',
    'a@example.com%0abcc:eve@evil.example',
    'a@[127.0.0.1]',
    'a@example.com(comment)',
    'a\u0000@example.com',
    'a@exam\u202eple.com',
    `${'a'.repeat(65)}@example.com`,
  ])('%j gets no mail', async (email) => {
    const before = world.mails('eve@evil.example').length;
    const project = await createProject(world, ada);
    for (const [path, json] of [
      ['/v1/auth/register', { email, password, displayName: 'Ann' }],
      [`/v1/projects/${project.id}/invitations`, { email, role: 'viewer' }],
    ] as const) {
      const answer = await world.call('POST', path, { token: ada.token, json });
      // Spaces around an address are no part of it.
      if (email.trim() === email || answer.status >= 400) expect([path, answer.status]).toEqual([path, 422]);
    }
    expect(world.mails('eve@evil.example').length).toBe(before);
  });
});

describe('every mail there is', () => {
  const link = 'https://api.example.com/x/abc';
  const options = mailPayload.options.map((option) => option.shape.template.value);
  test.each(options)('%s: one recipient, one line of subject, no markup and no link but its own', (template) => {
    for (const name of [...names, ...twoLines]) {
      const payload = mailPayload.parse(fillPayload(template, name, link));
      const mail = renderMail(payload);
      expect(mail.subject).toMatch(/^[^\p{C}]{1,200}$/u);
      expect(mail.to).toBe('to@example.com');
      expectHarmless(mail.html, template, 0);
      expect(readMarkup(mail.html).addresses.filter((address) => address !== link)).toEqual([]);
    }
  });

  const property = z.looseObject({ enum: z.array(z.unknown()).optional(), type: z.unknown() });
  const shape = z.looseObject({ properties: z.record(z.string(), property) });

  function fillPayload(template: string, text: string, address: string): Record<string, unknown> {
    const option = mailPayload.options.find((one) => one.shape.template.value === template);
    const { properties } = shape.parse(z.toJSONSchema(option ?? z.never()));
    const entries = Object.entries(properties).map(([field, { enum: words, type }]) => [
      field,
      words?.[0] ?? (type === 'integer' ? 3 : fieldOf(field, text, address)),
    ]);
    return { ...Object.fromEntries(entries), template };
  }

  function fieldOf(field: string, text: string, address: string): unknown {
    if (field === 'to') return 'to@example.com';
    if (field === 'link') return address;
    if (field === 'identities') return [text, text];
    if (field === 'accounts') {
      const limits = { projectLimit: 1, ownLimit: 2, memberLimited: true };
      return [{ project: text, platform: text, handle: text, ...limits }];
    }
    if (field === 'failures') return [{ platform: text, handle: text, reason: text }];
    return text;
  }
});

describe('a stranger’s inbox', () => {
  test('gets no link from the name that somebody registers its address under', async () => {
    for (const name of ['https://evil.example/win', 'You won at evil.example', 'call eve@evil.example now']) {
      const email = `victim.${crypto.randomUUID()}@example.com`;
      await world.call('POST', '/v1/auth/register', { json: { email, password, displayName: name } });
      const [mail] = world.mails(email);
      const others = (mail?.text ?? '').replace(/http:\/\/127\.0\.0\.1:\d+\/verify-email\/\S+/, '');
      expect(others, name).not.toMatch(/evil\.example|:\/\//);
    }
  });
});

describe('a header field of the answer', () => {
  test('is not made by the path, the query or a field of the request', async () => {
    for (const path of [
      '/v1/posts/%0d%0aSet-Cookie:%20a=b',
      '/reports/%0d%0aSet-Cookie:%20a=b',
      '/v1/x%0d%0aSet-Cookie:a=b',
      '/v1/accounts?cursor=%0d%0aSet-Cookie:a=b',
      '//evil.example/%2e%2e',
    ]) {
      const answer = await world.call('GET', path, { token: ada.token });
      expect([path, answer.headers.get('set-cookie'), answer.headers.get('location')]).toEqual([path, null, null]);
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
      expect((await rawRequest(world.origin, 'GET', path)).status).toBeGreaterThanOrEqual(400);
    }
    const evil = {
      'x-forwarded-host': 'evil.example',
      'x-forwarded-for': '127.0.0.1',
      forwarded: 'host=evil.example',
      'x-request-id': 'evil',
      'x-http-method-override': 'DELETE',
    };
    const answer = await world.call('GET', '/v1/projects?limit=1', { token: ada.token, headers: evil });
    expect(answer.status).toBe(200);
    expect([...answer.headers.values()].filter((value) => value.includes('evil'))).toEqual([]);
  });

  test('a link in a mail is ours, whatever host the request named', async () => {
    const email = 'host@example.com';
    await world.call('POST', '/v1/auth/register', {
      json: { email, password, displayName: 'Host' },
      headers: { 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' },
    });
    expect(mailedToken(world, email)).toHaveLength(43);
    expect(JSON.stringify(world.mails(email))).not.toContain('evil');
  });
});

describe('a log line', () => {
  test.each([...names, ...twoLines])('of %j is one line of JSON with that field and no other', (text) => {
    const from = world.logs.length;
    log('info', text, { name: text, names: [text] });
    const [line = '', ...more] = world.logs.slice(from);
    expect(more).toEqual([]);
    expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u);
    const read = z.record(z.string(), z.unknown()).parse(JSON.parse(line));
    expect(Object.keys(read)).toEqual(['level', 'message', 'name', 'names']);
    expect(read.level).toBe('info');
  });

  test('is one line of JSON with our own fields, whatever the request holds', async () => {
    const from = world.logs.length;
    const evil = '","level":"error","message":"forged","x":"';
    for (const text of [evil, '%0a{"level":"error"}', '\u001b[2J', 'a%E2%80%AEb', '%E2%80%A8']) {
      const safe = encodeURIComponent(text);
      await world.call('GET', `/v1/posts/${safe}`, { token: ada.token });
      await world.call('GET', `/v1/accounts?cursor=${safe}`, { token: ada.token });
      await world.call('GET', `/v1/${safe}/${text.replaceAll(/[^\w%]/g, '')}`, { token: ada.token });
      await world.call('POST', '/v1/auth/login', {
        json: { email: `${crypto.randomUUID()}@example.com`, password: text },
        headers: { 'user-agent': text.replaceAll(/[^\x20-\x7e]/g, '') },
      });
      await world.call('POST', '/v1/projects', {
        token: ada.token,
        json: { name: text.replaceAll(/\p{Cc}/gu, '') },
        idempotencyKey: 'x"{}',
      });
    }
    const lines = world.logs.slice(from);
    expect(lines.length).toBeGreaterThan(20);
    for (const line of lines) {
      expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u);
      const { level, message } = z.looseObject({ level: z.string(), message: z.string() }).parse(JSON.parse(line));
      expect([level, message]).not.toEqual(['error', 'forged']);
      expect(line.match(/"level":/g)).toHaveLength(1);
    }
  });
});
