import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';

const project = fileURLToPath(new URL('../..', import.meta.url));
let planted: string;

beforeAll(async () => {
  planted = await mkdtemp(path.join(tmpdir(), 'lint-'));
  await cp(path.join(project, 'biome.json'), path.join(planted, 'biome.json'));
  await writeFile(path.join(planted, '.gitignore'), 'node_modules/\n');
  await symlink(path.join(project, 'node_modules'), path.join(planted, 'node_modules'));
});

afterAll(async () => {
  await rm(planted, { recursive: true });
});

const reportSchema = z.object({ diagnostics: z.array(z.object({ category: z.string() })) });

/** Rules that speak up about a file with this text at this place. */
async function lint(file: string, text: string): Promise<string[]> {
  const place = path.join(planted, file);
  await mkdir(path.dirname(place), { recursive: true });
  await writeFile(place, text);
  const biome = path.join(project, 'node_modules/@biomejs/biome/bin/biome');
  const stdout = await new Promise<string>((resolve) => {
    execFile(process.execPath, [biome, 'lint', '--reporter=json', file], { cwd: planted }, (_, output) =>
      resolve(output),
    );
  });
  await rm(place);
  return reportSchema.parse(JSON.parse(stdout)).diagnostics.map((one) => one.category);
}

const imports = (specifier: string): string => `import { x } from '${specifier}';\nexport const y = x;\n`;

describe('imports run one way', () => {
  test.each([
    ['shared/posts/create-post.ts', '../../functions/_kit/contract.ts', 'shared knows nothing of functions'],
    ['shared/posts/create-post.ts', '../../infra/doors.ts', 'nor of infra'],
    ['shared/platforms/threads/publish.ts', '../../../functions/_kit/contract.ts', 'a connector neither'],
    ['shared/platforms/http.ts', '../../infra/local/clock.ts', 'nor what connectors share'],
    ['shared/platforms/registry.ts', '../../functions/_kit/contract.ts', 'nor the registry'],
    ['shared/posts/create-post.ts', 'aws-cdk-lib', 'shared describes no cloud'],
    ['functions/posts/create-post.ts', '../../infra/doors.ts', 'functions know nothing of infra'],
    ['functions/_kit/endpoint.ts', '../../infra/doors.ts', 'nor does the kit'],
    ['functions/posts/create-post.ts', './get-post.ts', 'a door imports no door beside it'],
    ['functions/posts/create-post.ts', '../media/get-media.ts', 'nor one of another area'],
    ['functions/_kit/endpoint.ts', '../posts/create-post.ts', 'the kit knows no door'],
    ['infra/local/gateway.ts', '../../functions/posts/create-post.ts', 'infra reaches doors through doors.ts'],
    ['infra/doors.ts', '../test/infra/sample.ts', 'and nothing of the tests'],
    ['functions/posts/create-post.ts', '@middy/core', 'a door knows no middy'],
    ['shared/posts/create-post.ts', '@middy/core', 'nor does shared'],
    ['infra/local/gateway.ts', '@middy/core', 'nor does infra'],
    ['functions/posts/create-post.ts', '@aws-sdk/client-s3', 'a door has no clients'],
    ['functions/posts/create-post.ts', '../../shared/platforms/threads/connector.ts', 'a door names no platform'],
    ['functions/_kit/endpoint.ts', '../../shared/platforms/threads/connector.ts', 'nor does the kit'],
    ['shared/posts/create-post.ts', '../platforms/threads/connector.ts', 'nor does the domain'],
    ['shared/platforms/validate.ts', './threads/connector.ts', 'nor what connectors share'],
    ['shared/platforms/threads/publish.ts', '../bluesky/publish.ts', 'nor another platform'],
    ['infra/stacks/data.ts', '../../shared/platforms/threads/connector.ts', 'nor infra'],
  ])('%s ← %s: %s', async (file, specifier) => {
    expect(await lint(file, imports(specifier))).toEqual(['lint/style/noRestrictedImports']);
  });

  test.each([
    ['functions/posts/create-post.ts', '../_kit/endpoint.ts'],
    ['functions/posts/create-post.ts', '../../shared/posts/create-post.ts'],
    ['functions/posts/create-post.ts', '../../shared/platforms/registry.ts'],
    ['functions/_kit/endpoint.ts', '@middy/core'],
    ['functions/_kit/endpoint.ts', './contract.ts'],
    ['functions/_kit/endpoint.ts', '../../shared/errors.ts'],
    ['shared/posts/create-post.ts', '../platforms/registry.ts'],
    ['shared/posts/create-post.ts', './rules.ts'],
    ['shared/platforms/registry.ts', './threads/connector.ts'],
    ['shared/platforms/validate.ts', './connector.ts'],
    ['shared/platforms/threads/publish.ts', './limits.ts'],
    ['shared/platforms/threads/publish.ts', '../http.ts'],
    ['shared/platforms/threads/publish.ts', '../../net/request.ts'],
    ['infra/constructs/grants.ts', '../../functions/_kit/contract.ts'],
    ['infra/local/platforms/main.ts', './threads/server.ts'],
  ])('%s may import %s', async (file, specifier) => {
    expect(await lint(file, imports(specifier))).toEqual([]);
  });
});

describe('the environment is read in one place', () => {
  const reads = 'export const port = process.env.PORT;\n';

  test.each(['shared/posts/rules.ts', 'functions/posts/create-post.ts', 'functions/_kit/endpoint.ts'])(
    'not in %s',
    async (file) => {
      expect(await lint(file, reads)).toEqual(['lint/style/noProcessEnv']);
    },
  );

  test('but in shared/config', async () => {
    expect(await lint('shared/config/config.ts', reads)).toEqual([]);
  });
});
