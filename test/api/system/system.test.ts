import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import about from '../../../package.json' with { type: 'json' };
import { openWorld, type World } from '../../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

describe('health', () => {
  test('says that the database answers too', async () => {
    const answer = await world.call('GET', '/health');
    expect(JSON.parse(answer.text)).toEqual({ status: 'ok', database: 'ok', version: about.version });
  });

  test.each([
    { action: 'error', error: 'DatabaseUnavailableException', times: 99 },
    { action: 'delay', delayMs: 6_000, times: 99 },
  ] as const)('says within three seconds that the database is away ($action)', async (fault) => {
    world.faults.arm({ point: 'data-api:pingDatabase:before', ...fault });
    const began = performance.now();
    const answer = await world.call('GET', '/health');
    expect(performance.now() - began).toBeLessThan(3_300);
    expect([answer.status, answer.code]).toEqual([503, 'database_unavailable']);
    expect(answer.headers.get('retry-after')).toBe('5');
    world.faults.clear();
  });
});

describe('the API reference', () => {
  const document = z.looseObject({ openapi: z.string(), paths: z.record(z.string(), z.unknown()) });

  test('is an OpenAPI document of every route', async () => {
    const answer = await world.call('GET', '/openapi.json');
    expect(answer.headers.get('content-type')).toBe('application/json');
    const { openapi, paths } = answer.json(document);
    expect(openapi).toBe('3.1.0');
    const routes = world.doors.flatMap(({ contract }) =>
      contract.kind === 'endpoint' && contract.path !== '$default' ? [contract.path] : [],
    );
    expect(Object.keys(paths).toSorted()).toEqual([...new Set(routes)].toSorted());
  });

  test('is a page that loads only our own files, and these exist', async () => {
    const page = await world.call('GET', '/docs');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    const files = [...page.text.matchAll(/(?:href|src)="(\/[^"]*)"/g)].map(([, file]) => file ?? '');
    expect(files).toEqual(['/docs/swagger-ui.css', '/docs/swagger-ui-bundle.js']);
    for (const file of files) {
      const answer = await world.call('GET', file);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-type')).toMatch(/^text\/(css|javascript)/);
    }
  });

  test.each(['/docs/index.html', '/docs/..%2f..%2fpackage.json', '/docs/%2e%2e'])(
    'serves no other file: %s',
    async (path) => {
      expect([404, 405]).toContain((await raw('GET', path)).status);
    },
  );
});

describe('what no route takes', () => {
  test('an unknown path is a problem', async () => {
    for (const path of ['/v2/posts', '/v1/projects/a/b/c/d', '/docs/', '//']) {
      const answer = await raw('GET', path);
      expect([path, answer.status, answer.problem().code]).toEqual([path, 404, 'no_such_route']);
    }
  });

  test('an unknown method of a known path says which ones there are', async () => {
    const answer = await raw('PUT', '/v1/projects');
    expect([answer.status, answer.problem().code]).toEqual([405, 'method_not_allowed']);
    expect(answer.allow).toBe('HEAD, GET, POST');
    const one = await raw('POST', '/v1/projects/0198b9d0-0000-7000-8000-000000000000');
    expect([one.status, one.allow]).toEqual([405, 'DELETE, GET, PATCH']);
  });

  test('HEAD is answered where the status of GET is known without asking', async () => {
    expect(await raw('HEAD', '/docs')).toMatchObject({ status: 200, text: '' });
    expect(await raw('HEAD', '/nowhere')).toMatchObject({ status: 404, text: '' });
    expect(await raw('HEAD', '/v1/auth/login')).toMatchObject({ status: 405, allow: 'POST' });
    expect((await raw('HEAD', '/v1/projects/x')).status).toBe(405);
  });
});

/** As it stands on the wire: `fetch` would tidy the path up. */
function raw(method: string, path: string) {
  return new Promise<{ status: number; text: string; allow: string | undefined; problem(): { code: string } }>(
    (resolve, reject) => {
      const call = request(new URL(world.origin), { method, path }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () => {
          const text = Buffer.concat(parts).toString();
          resolve({
            status: response.statusCode ?? 0,
            text,
            allow: response.headers.allow,
            problem: () => z.looseObject({ code: z.string() }).parse(JSON.parse(text)),
          });
        });
      });
      call.on('error', reject);
      call.end();
    },
  );
}
