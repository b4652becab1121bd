import { createServer } from 'node:http';
import { SESv2Client, SendEmailCommand, type SendEmailCommandInput } from '@aws-sdk/client-sesv2';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createInbox } from '../../../infra/local/inbox.ts';
import { freePort } from '../../support/free-port.ts';
import { type AwsWorld, openAws, refusal } from './aws-world.ts';

let aws: AwsWorld;
let client: SESv2Client;

beforeEach(async () => {
  aws = await openAws();
  client = new SESv2Client(aws.client);
});

afterEach(async () => {
  client.destroy();
  await aws.close();
});

function send(to: string[], more: { subject?: string; text?: string; html?: string } = {}) {
  const input: SendEmailCommandInput = {
    FromEmailAddress: 'Posthaste <no-reply@posthaste.test>',
    Destination: { ToAddresses: to },
    Content: {
      Simple: {
        Subject: { Data: more.subject ?? 'Hello' },
        Body: {
          Text: { Data: more.text ?? 'Open https://app.test/verify?token=a&x=1.' },
          ...(more.html === undefined ? {} : { Html: { Data: more.html } }),
        },
      },
    },
  };
  return client.send(new SendEmailCommand(input));
}

test('a mail that was sent is in the box of its recipient, newest first, and stays there', async () => {
  const { MessageId } = await send(['ann@example.org'], { subject: 'First' });
  await send(['Ann <Ann@Example.org>', 'bob@example.org'], { subject: 'Second' });
  await aws.close('keep');
  aws = await openAws({ dir: aws.dir });
  expect(aws.ses.list({ to: 'ANN@example.org' }).map(({ subject }) => subject)).toEqual(['Second', 'First']);
  expect(aws.ses.list({ to: 'bob@example.org' }).map(({ subject }) => subject)).toEqual(['Second']);
  expect(aws.ses.list({ to: 'nn@example.org' })).toEqual([]);
  expect(aws.ses.get(MessageId ?? '')).toMatchObject({
    from: 'Posthaste <no-reply@posthaste.test>',
    to: ['ann@example.org'],
    text: 'Open https://app.test/verify?token=a&x=1.',
    html: null,
  });
});

test('a raw message shows its own header fields', async () => {
  const Data = Buffer.from('From: a@b.test\r\nTo: c@d.test\r\nSubject: Raw\r\n folded\r\n\r\nBody ü');
  await client.send(new SendEmailCommand({ Content: { Raw: { Data } } }));
  expect(aws.ses.list({ to: 'c@d.test' })[0]).toMatchObject({
    from: 'a@b.test',
    subject: 'Raw folded',
    text: 'Body ü',
  });
});

test('a mail without recipients, with a broken address or without content is refused', async () => {
  expect(await refusal(send([]))).toMatchObject({ name: 'BadRequestException', status: 400 });
  expect((await refusal(send(['nobody']))).name).toBe('BadRequestException');
  expect((await refusal(send(['a@b.test\r\nBcc: c@d.test']))).name).toBe('BadRequestException');
  expect((await refusal(send(Array.from({ length: 51 }, (_, index) => `u${index}@b.test`)))).name).toBe(
    'BadRequestException',
  );
  const empty = new SendEmailCommand({
    FromEmailAddress: 'a@b.test',
    Destination: { ToAddresses: ['c@d.test'] },
    Content: {},
  });
  expect((await refusal(client.send(empty))).name).toBe('BadRequestException');
  expect(aws.ses.list()).toEqual([]);
});

test('faults strike before and after a mail is stored', async () => {
  aws.faults.arm({ point: 'ses:SendEmail:before', action: 'error', error: 'TooManyRequestsException' });
  expect((await refusal(send(['a@b.test']))).name).toBe('TooManyRequestsException');
  expect(aws.ses.list()).toEqual([]);
  aws.faults.arm({ point: 'ses:SendEmail:after', action: 'drop' });
  await expect(send(['a@b.test'])).rejects.toThrow();
  expect(aws.ses.list()).toHaveLength(1);
});

test('the inbox shows mails as a page for people and as JSON for scripts, and nothing in them runs', async () => {
  await send(['ann@example.org'], { subject: '<script>alert(1)</script>', html: '<b onclick="x">hi</b>' });
  await send(['bob@example.org'], { subject: 'For Bob' });
  const inbox = createInbox(aws.ses);
  const server = createServer((req, res) => {
    if (!inbox(req, res)) res.writeHead(404).end();
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${port}`;
  try {
    const page = await (await fetch(`${origin}/inbox`)).text();
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(page).not.toContain('<script');
    expect(page).not.toContain('<b onclick');
    expect(page).toContain(
      '<a href="https://app.test/verify?token=a&amp;x=1">https://app.test/verify?token=a&amp;x=1</a>.',
    );
    expect(page.indexOf('For Bob')).toBeLessThan(page.indexOf('alert(1)'));
    const json: unknown = await (await fetch(`${origin}/inbox.json?to=bob@example.org`)).json();
    expect(json).toMatchObject({ data: [{ to: ['bob@example.org'], subject: 'For Bob' }] });
    expect((await fetch(`${origin}/inbox`, { method: 'POST' })).status).toBe(405);
    expect((await fetch(`${origin}/inboxes`)).status).toBe(404);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
