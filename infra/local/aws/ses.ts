/** SES v2 `SendEmail`: mails go nowhere but into the store, where the local inbox shows them. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { answerJson, type EndpointOptions, type JsonService } from './json-protocol.ts';
import { ServiceError } from './service-error.ts';
import type { Store } from './store.ts';

export interface SesOptions extends EndpointOptions {
  readonly store: Store;
}

export interface Mail {
  readonly id: string;
  readonly from: string;
  /** All recipients: to, cc and bcc. */
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string | null;
  readonly html: string | null;
  /** ISO instant. */
  readonly sentAt: string;
}

export interface Ses {
  handle(req: IncomingMessage, res: ServerResponse): Promise<void>;
  /** Newest first; `to` compares whole addresses without case. At most `limit` (default 100). */
  list(filter?: { readonly to?: string; readonly limit?: number }): readonly Mail[];
  get(id: string): Mail | undefined;
}

const ddl = `
create table if not exists ses_mails (
  seq integer primary key autoincrement, id text not null unique, sender text not null, recipients text not null,
  subject text not null, text text, html text, sent_ms integer not null
) strict;
create table if not exists ses_recipients (
  address text not null, seq integer not null references ses_mails (seq), primary key (address, seq)
) strict, without rowid;
`;

/** Recipients of one call, and bytes of one message, of the v2 API. */
const maxRecipients = 50;
const maxMailBytes = 40 * 1024 * 1024;

const contentPart = z.object({ Data: z.string(), Charset: z.string().nullish() });
const addresses = z.array(z.string()).nullish();
const sendInput = z.object({
  FromEmailAddress: z.string().nullish(),
  Destination: z.object({ ToAddresses: addresses, CcAddresses: addresses, BccAddresses: addresses }).nullish(),
  ReplyToAddresses: addresses,
  Content: z.object({
    Simple: z
      .object({
        Subject: contentPart,
        Body: z.object({ Text: contentPart.nullish(), Html: contentPart.nullish() }),
      })
      .nullish(),
    Raw: z.object({ Data: z.base64() }).nullish(),
  }),
});
type SendInput = z.output<typeof sendInput>;

const mailRow = z
  .object({
    id: z.string(),
    sender: z.string(),
    recipients: z.string(),
    subject: z.string(),
    text: z.string().nullable(),
    html: z.string().nullable(),
    sent_ms: z.number(),
  })
  .transform(
    (row): Mail => ({
      id: row.id,
      from: row.sender,
      to: z.array(z.string()).parse(JSON.parse(row.recipients)),
      subject: row.subject,
      text: row.text,
      html: row.html,
      sentAt: new Date(row.sent_ms).toISOString(),
    }),
  );

export function createSes(options: SesOptions): Ses {
  const { store, now = Date.now } = options;
  store.define(ddl);
  const wire: JsonService = {
    ...options,
    service: 'ses',
    contentType: 'application/json',
    errorPrefix: '',
    messageKey: 'message',
    maxBodyBytes: maxMailBytes,
  };

  function sendEmail(input: unknown): { MessageId: string } {
    const mail = readMail(input);
    const id = `${randomUUID()}-000000`;
    store.transaction(() => {
      store.run(
        'insert into ses_mails (id, sender, recipients, subject, text, html, sent_ms) values (?, ?, ?, ?, ?, ?, ?)',
        id,
        mail.from,
        JSON.stringify(mail.to),
        mail.subject,
        mail.text,
        mail.html,
        now(),
      );
      for (const address of new Set(mail.to.map(bareAddress))) {
        store.run('insert into ses_recipients (address, seq) select ?, seq from ses_mails where id = ?', address, id);
      }
    });
    return { MessageId: id };
  }

  return {
    handle: (req, res) => {
      const isSend = req.method === 'POST' && req.url?.split('?')[0] === '/v2/email/outbound-emails';
      const call = { name: isSend ? 'SendEmail' : 'Unknown', operation: isSend ? sendEmail : undefined };
      return answerJson(wire, call, req, res);
    },
    list: ({ to, limit = 100 } = {}) =>
      to === undefined
        ? store.rows(mailRow, 'select * from ses_mails order by seq desc limit ?', limit)
        : store.rows(
            mailRow,
            `select m.* from ses_recipients r join ses_mails m on m.seq = r.seq where r.address = ?
             order by m.seq desc limit ?`,
            bareAddress(to),
            limit,
          ),
    get: (id) => store.row(mailRow, 'select * from ses_mails where id = ?', id),
  };
}

function readMail(input: unknown): Omit<Mail, 'id' | 'sentAt'> {
  const parsed = sendInput.safeParse(input);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw badRequest(`${issue?.path.join('.')}: ${issue?.message}`);
  }
  const request = parsed.data;
  const { Simple: simple, Raw: raw } = request.Content;
  if (!simple === !raw)
    throw badRequest('Content must have exactly one of Simple and Raw; templates are not offered here.');
  const content = simple
    ? {
        from: undefined,
        to: [],
        subject: simple.Subject.Data,
        text: simple.Body.Text?.Data ?? null,
        html: simple.Body.Html?.Data ?? null,
      }
    : readRaw(Buffer.from(raw?.Data ?? '', 'base64').toString('utf8'));
  if (content.text === null && content.html === null) throw badRequest('The body must have a text or an HTML part.');
  const named = recipientsOf(request);
  const to = named.length > 0 ? named : content.to;
  const from = request.FromEmailAddress ?? content.from;
  if (!from || !isAddress(from)) throw badRequest('FromEmailAddress is missing or not an address.');
  if (to.length === 0) throw badRequest('There must be at least one recipient.');
  if (to.length > maxRecipients) throw badRequest(`Recipient count exceeds ${maxRecipients}.`);
  const wrong = to.find((address) => !isAddress(address));
  if (wrong !== undefined) throw badRequest(`Illegal address: ${wrong}`);
  return { from, to, subject: content.subject, text: content.text, html: content.html };
}

function recipientsOf({ Destination }: SendInput): string[] {
  return [
    ...(Destination?.ToAddresses ?? []),
    ...(Destination?.CcAddresses ?? []),
    ...(Destination?.BccAddresses ?? []),
  ];
}

/** Header fields that the inbox shows, and the rest as text: a MIME tree is shown as it was sent. */
function readRaw(message: string) {
  const end = /\r?\n\r?\n/.exec(message);
  const head = (end === null ? message : message.slice(0, end.index)).replace(/\r?\n[ \t]+/g, ' ');
  const field = (name: string): string | undefined => new RegExp(`^${name}:[ \\t]*(.*)$`, 'im').exec(head)?.[1]?.trim();
  return {
    from: field('From'),
    to: (field('To') ?? '').split(',').flatMap((address) => (address.trim() === '' ? [] : [address.trim()])),
    subject: field('Subject') ?? '',
    text: end === null ? '' : message.slice(end.index + end[0].length),
    html: null,
  };
}

/** `Ann <ann@example.org>` and `ann@example.org` alike. */
function bareAddress(address: string): string {
  return (/<([^<>]+)>\s*$/.exec(address)?.[1] ?? address).trim().toLowerCase();
}

function isAddress(address: string): boolean {
  return /^[^\s@<>,]+@[^\s@<>,]+$/.test(bareAddress(address)) && !/[\r\n]/.test(address);
}

function badRequest(message: string): ServiceError {
  return new ServiceError('BadRequestException', message);
}
