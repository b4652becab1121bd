import type { RequestListener } from 'node:http';
import { createServer } from 'node:http';
import type { Server } from 'node:net';
import { createServer as createSocketServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { OutgoingRequest } from '../../../shared/net/request.ts';
import { RequestError, sendRequest } from '../../../shared/net/request.ts';

const servers: Server[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

async function listen(server: Server): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}`;
}

const answering = (listener: RequestListener) => listen(createServer(listener));

async function fetchText(request: Omit<OutgoingRequest, 'maxBytes'> & { maxBytes?: number }, trusted: string[]) {
  const answer = await sendRequest({ maxBytes: 1000, ...request }, { trustedOrigins: trusted });
  const chunks: Buffer[] = [];
  for await (const chunk of answer.body) chunks.push(Buffer.from(chunk));
  return {
    status: answer.status,
    url: answer.url.href,
    headers: answer.headers,
    text: Buffer.concat(chunks).toString(),
  };
}

async function troubleOf(work: Promise<unknown>): Promise<{ trouble: string; sent: boolean; message: string }> {
  try {
    await work;
  } catch (error) {
    if (error instanceof RequestError) return { trouble: error.trouble, sent: error.sent, message: error.message };
    throw error;
  }
  throw new Error('there was no trouble');
}

describe('a guarded request', () => {
  it('sends a streamed body of known length and streams the answer', async () => {
    const origin = await answering((request, response) => {
      response.setHeader('x-length', request.headers['content-length'] ?? '');
      request.pipe(response);
    });
    async function* stream() {
      yield Buffer.from('one ');
      yield Buffer.from('two');
    }
    const answer = await fetchText({ method: 'POST', url: origin, body: { stream: stream(), length: 7 } }, [origin]);
    expect(answer).toMatchObject({ status: 200, text: 'one two', headers: { 'x-length': '7' } });
  });

  it('breaks off a body that is longer or shorter than declared', async () => {
    const origin = await answering((request, response) => request.pipe(response));
    async function* stream() {
      yield Buffer.from('four');
    }
    for (const length of [3, 5]) {
      const work = fetchText({ method: 'POST', url: origin, body: { stream: stream(), length } }, [origin]);
      await expect(work).rejects.toBeInstanceOf(RequestError);
    }
  });

  it('stops an answer that is larger than allowed, whatever it declares', async () => {
    const origin = await answering((_request, response) => {
      response.write('x'.repeat(600));
      response.end('x'.repeat(600));
    });
    const trouble = await troubleOf(fetchText({ method: 'GET', url: origin }, [origin]));
    expect(trouble).toMatchObject({ trouble: 'too-large', sent: true });
  });

  it('knows that nothing was sent when no connection came about', async () => {
    const origin = await answering(() => undefined);
    await new Promise((resolve) => servers.pop()?.close(resolve));
    const trouble = await troubleOf(fetchText({ method: 'POST', url: `${origin}/secret?token=abc` }, [origin]));
    expect(trouble).toMatchObject({ trouble: 'refused', sent: false });
    expect(trouble.message).not.toMatch(/secret|abc/);
  });

  it('knows that nothing was sent when the name has no address', async () => {
    const resolve = () => Promise.reject(Object.assign(new Error('none'), { code: 'ENOTFOUND' }));
    const work = sendRequest(
      { method: 'GET', url: 'https://gone.example/', maxBytes: 1 },
      { trustedOrigins: [], resolve },
    );
    expect(await troubleOf(work)).toMatchObject({ trouble: 'name', sent: false });
  });

  it('does not connect to a private address behind a public name', async () => {
    let reached = false;
    const origin = await answering((_request, response) => {
      reached = true;
      response.end();
    });
    const port = new URL(origin).port;
    const resolve = async () => [{ address: '127.0.0.1', family: 4 }];
    const byName = sendRequest(
      { method: 'GET', url: 'http://rebound.example/', maxBytes: 1 },
      { trustedOrigins: [], resolve },
    );
    await expect(byName).rejects.toMatchObject({ code: 'address_not_allowed' });
    const byPort = sendRequest(
      { method: 'GET', url: `http://rebound.example:${port}/`, maxBytes: 1 },
      { trustedOrigins: [], resolve },
    );
    await expect(byPort).rejects.toMatchObject({ code: 'address_not_allowed' });
    expect(reached).toBe(false);
  });

  it('counts as sent once connected, when the answer is cut, late or given up', async () => {
    const cut = await listen(createSocketServer((socket) => socket.once('data', () => socket.destroy())));
    expect(await troubleOf(fetchText({ method: 'POST', url: cut }, [cut]))).toMatchObject({
      trouble: 'broken',
      sent: true,
    });

    const silent = await listen(createSocketServer((socket) => socket.once('error', () => undefined).resume()));
    const late = fetchText({ method: 'POST', url: silent, timeoutMs: 100 }, [silent]);
    expect(await troubleOf(late)).toMatchObject({ trouble: 'timeout', sent: true });

    const signal = AbortSignal.timeout(100);
    const givenUp = fetchText({ method: 'POST', url: silent, signal }, [silent]);
    expect(await troubleOf(givenUp)).toMatchObject({ trouble: 'aborted', sent: true });
  });

  it('gives up an answer whose body never ends', async () => {
    const origin = await answering((_request, response) => {
      response.write('beginning');
    });
    const trouble = await troubleOf(fetchText({ method: 'GET', url: origin, timeoutMs: 150 }, [origin]));
    expect(trouble).toMatchObject({ trouble: 'timeout', sent: true });
  });
});

describe('redirects', () => {
  it('are answers, unless asked for', async () => {
    const origin = await answering((_request, response) => response.writeHead(302, { location: '/next' }).end());
    expect(await fetchText({ method: 'GET', url: origin }, [origin])).toMatchObject({ status: 302 });
  });

  it('are checked hop by hop', async () => {
    const inside = await answering((_request, response) => response.end('inside'));
    const origin = await answering((_request, response) => response.writeHead(302, { location: inside }).end());
    const work = fetchText({ method: 'GET', url: origin, maxRedirects: 3 }, [origin]);
    await expect(work).rejects.toMatchObject({ code: 'address_not_allowed' });
    const both = await fetchText({ method: 'GET', url: origin, maxRedirects: 3 }, [origin, inside]);
    expect(both).toMatchObject({ text: 'inside', url: `${inside}/` });
  });

  it('lose what says who asks on the way to another origin', async () => {
    const other = await answering(({ headers: { authorization, cookie } }, response) =>
      response.end(authorization ?? cookie ?? 'none'),
    );
    const origin = await answering((request, response) => {
      const location = request.url === '/' ? '/again' : other;
      response.writeHead(307, { location }).end();
    });
    const headers = { Authorization: 'Bearer secret', Cookie: 'session=secret' };
    const answer = await fetchText({ method: 'GET', url: origin, headers, maxRedirects: 3 }, [origin, other]);
    expect(answer.text).toBe('none');
  });

  it('end after three', async () => {
    const origin = await answering((_request, response) => response.writeHead(302, { location: '/' }).end());
    const trouble = await troubleOf(fetchText({ method: 'GET', url: origin, maxRedirects: 3 }, [origin]));
    expect(trouble.trouble).toBe('redirects');
  });

  it('of a POST are never followed', async () => {
    const origin = await answering((_request, response) => response.writeHead(307, { location: '/' }).end());
    expect(await fetchText({ method: 'POST', url: origin, maxRedirects: 3 }, [origin])).toMatchObject({ status: 307 });
  });
});
