import type { RequestListener, Server } from 'node:http';
import { createServer } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { PlatformAnswer, PlatformReply } from '../../../shared/platforms/http.ts';
import { createPlatformHttp } from '../../../shared/platforms/http.ts';

const servers: Server[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

async function answering(listener: RequestListener) {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const origin = `http://127.0.0.1:${address.port}`;
  return { origin, http: createPlatformHttp({ trustedOrigins: [origin] }) };
}

const echo: RequestListener = (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const { method, url, headers } = request;
    response.end(JSON.stringify({ method, url, headers, body: Buffer.concat(chunks).toString() }));
  });
};

const echoed = z.object({
  method: z.string(),
  url: z.string(),
  headers: z.record(z.string(), z.string()),
  body: z.string(),
});

function answerOf(reply: PlatformReply): PlatformAnswer {
  if (reply.kind !== 'answer') throw new Error(reply.reason);
  return reply;
}

describe('a call to a platform', () => {
  it('carries query, form and token', async () => {
    const { origin, http } = await answering(echo);
    const query = { 'fields[]': ['a', 'b'], none: null, absent: undefined };
    const form = { text: 'ä & b', flag: true, count: 3 };
    const reply = answerOf(await http.request({ method: 'POST', url: `${origin}/x`, bearer: 'token-1', query, form }));
    const seen = reply.json(echoed);
    expect(seen?.url).toBe('/x?fields%5B%5D=a&fields%5B%5D=b');
    expect(seen?.headers.authorization).toBe('Bearer token-1');
    expect([...new URLSearchParams(seen?.body)]).toEqual([
      ['text', 'ä & b'],
      ['flag', 'true'],
      ['count', '3'],
    ]);
  });

  it('streams a file in a form of declared length', async () => {
    const { origin, http } = await answering(echo);
    async function* body() {
      yield Buffer.from('first ');
      yield Buffer.from('second');
    }
    const file = {
      field: 'file',
      fileName: 'a"b\r\n.jpg',
      mimeType: 'image/jpeg',
      open: async () => ({ body: body(), length: 12 }),
    };
    const reply = answerOf(
      await http.request({ method: 'POST', url: origin, multipart: { fields: { description: 'Ünï' }, file } }),
    );
    const seen = reply.json(echoed);
    expect(Number(seen?.headers['content-length'])).toBe(Buffer.byteLength(seen?.body ?? ''));
    const form = await new Response(seen?.body, {
      headers: { 'content-type': seen?.headers['content-type'] ?? '' },
    }).formData();
    expect(form.get('description')).toBe('Ünï');
    const sent = form.get('file');
    expect(sent instanceof File ? [sent.type, await sent.text()] : sent).toEqual(['image/jpeg', 'first second']);
  });

  it('reads ids beyond 2^53 digit by digit, and refuses another shape', async () => {
    const { origin, http } = await answering((_request, response) => response.end('{"id":17841400000000123456}'));
    const reply = answerOf(await http.request({ method: 'GET', url: origin }));
    expect(reply.json(z.object({ id: z.string() }))).toEqual({ id: '17841400000000123456' });
    expect(reply.json(z.object({ id: z.number() }))).toBeNull();
  });

  it('takes its own secrets out of the platform’s words', async () => {
    const { origin, http } = await answering(echo);
    const form = { client_secret: 'form secret/1', text: 'harmless', code: 'code-123' };
    const reply = answerOf(
      await http.request({ method: 'POST', url: origin, bearer: 'bearer-1', query: { access_token: 'query-1' }, form }),
    );
    const said = reply.redact(`no: bearer-1, query-1, form secret/1, form%20secret%2F1, code-123, harmless`);
    expect(said).toBe('no: [redacted], [redacted], [redacted], [redacted], [redacted], harmless');
  });

  it('is not made to an address that is not allowed', async () => {
    const { origin } = await answering(echo);
    const http = createPlatformHttp({ trustedOrigins: [] });
    for (const url of [
      origin,
      'https://169.254.169.254/',
      'ftp://example.com/',
      'https://localhost/',
      'http://8.8.8.8/',
    ]) {
      expect(await http.request({ method: 'GET', url })).toMatchObject({
        kind: 'no-answer',
        sent: false,
        reason: expect.stringMatching(/^not allowed/),
      });
    }
  });

  it('ends without an answer when the platform says more than anybody wants to hear', async () => {
    const { origin, http } = await answering((_request, response) => response.end('x'.repeat(2000)));
    expect(await http.request({ method: 'GET', url: origin, maxBytes: 1000 })).toMatchObject({
      kind: 'no-answer',
      sent: true,
    });
  });

  it('has not been sent when its medium cannot be opened', async () => {
    const { origin, http } = await answering(echo);
    const body = { type: 'image/png', open: () => Promise.reject(new Error('no such object')) };
    expect(await http.request({ method: 'POST', url: origin, body })).toEqual({
      kind: 'no-answer',
      sent: false,
      reason: 'no such object',
    });
  });

  it('does not follow a redirect', async () => {
    const { origin, http } = await answering((_request, response) =>
      response.writeHead(302, { location: '/login' }).end(),
    );
    expect(await http.request({ method: 'GET', url: origin })).toMatchObject({ kind: 'answer', status: 302 });
  });
});
