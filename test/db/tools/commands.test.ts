/**
 * Every command of `npm run db`, `admin` and `keys` where something is wrong with what it is told of AWS: it says what, and
 * what to do, in a sentence without a stack, and exits with 1. A new command is asked without a line here.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { openWorld, type World } from '../../support/world.ts';

vi.setConfig({ testTimeout: 60_000 });

let world: World;
let right: Record<string, string>;
beforeAll(async () => {
  world = await openWorld();
  right = Object.fromEntries(Object.entries(process.env).map(([name, value]) => [name, value ?? '']));
}, 60_000);
beforeEach(() => {
  world.faults.clear();
  setEnvironment(right);
});
afterAll(() => world.close());

function setEnvironment(environment: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
  Object.assign(process.env, environment);
}

/** What a command needs to be told, so that what is wrong is not its arguments. */
const told: Readonly<Record<string, readonly string[]>> = {
  create: ['--email', 'a@example.com'],
  'platform-app': ['list'],
  archive: ['list'],
  seed: ['minimal'],
  import: ['--from', 'smmp', '--url', 'postgres://127.0.0.1:1/none'],
};
/** Starts a server of its own, from nothing but the machine. */
const alone = ['restore-drill'];

async function load() {
  // Clients are kept by the process: another environment needs another process, or new modules.
  vi.resetModules();
  const { runCommand } = await import('../../../infra/tools/program.ts');
  const { adminCommands, dbCommands, keysCommands } = await import('../../../infra/tools/programs.ts');
  const programs = { admin: adminCommands, db: dbCommands, keys: keysCommands };
  return Object.entries(programs).flatMap(([program, commands]) =>
    Object.keys(commands)
      .filter((name) => !alone.includes(name))
      .map((name) => ({
        name: `${program} ${name}`,
        run: () => runCommand(program, commands, [name, ...(told[name] ?? [])]),
      })),
  );
}

test('each says what it is for, and what it takes, to who asks', async () => {
  const { runCommand } = await import('../../../infra/tools/program.ts');
  const { adminCommands, dbCommands, keysCommands } = await import('../../../infra/tools/programs.ts');
  for (const [program, commands] of Object.entries({ admin: adminCommands, db: dbCommands, keys: keysCommands }))
    for (const name of ['', ...Object.keys(commands)])
      for (const help of ['--help', '-h']) {
        const args = [name, help].filter((word) => word !== '');
        const said = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
        const { code, complaint } = await runCommand(program, commands, args);
        const text = said.mock.calls.map(([part]) => String(part)).join('');
        said.mockRestore();
        const summary = name === '' ? '' : await commands[name]?.().then((command) => command.summary);
        expect([args, code, complaint, text]).toEqual([
          args,
          0,
          '',
          expect.stringContaining(`npm run ${program} -- ${name}`),
        ]);
        expect(text).toContain(summary);
      }
});

/** What each command says, one after the other. */
async function complaints(environment: Readonly<Record<string, string>>): Promise<Map<string, string>> {
  setEnvironment(environment);
  const out = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const said = new Map<string, string>();
  for (const { name, run } of await load()) {
    const { code, complaint } = await run();
    expect([name, code], complaint).toEqual([name, 1]);
    expect(complaint, name).not.toMatch(/^\s+at |node_modules|Error:|undefined|\[object/m);
    said.set(name, complaint);
  }
  out.mockRestore();
  expect(said.size).toBeGreaterThan(15);
  return said;
}

const without = (...names: string[]) =>
  Object.fromEntries(Object.entries(right).filter(([name]) => !names.includes(name)));
const ofSecrets = ['admin platform-app', 'keys ensure', 'keys rotate'];

describe('every command says what is wrong and what to do', () => {
  test('where a setting is missing', async () => {
    const names = Object.keys(right).filter((name) => /^(DATABASE_|AWS_|.*_SECRET_ARN$|PUBLIC_BASE_URL)/.test(name));
    for (const [name, said] of await complaints(without(...names)))
      expect(said, name).toMatch(/^set [A-Z_]+(, [A-Z_]+)*( |\n|$)/);
  });

  test('where nothing answers', async () => {
    for (const [name, said] of await complaints({ ...right, AWS_ENDPOINT_URL: 'http://127.0.0.1:1' }))
      expect(said, name).toMatch(/^nothing answers at http:\/\/127\.0\.0\.1:1 .*npm start/);
  });

  test('where an ARN is wrong', async () => {
    const arns = Object.keys(right).filter((name) => name.endsWith('_ARN'));
    const wrong = Object.fromEntries(arns.map((name) => [name, `${right[name]}-of-somebody-else`]));
    for (const [name, said] of await complaints({ ...right, ...wrong }))
      expect(said, name).toMatch(/Are the ARNs right \(.*DATABASE_CLUSTER_ARN.*AWS_REGION|_ARN and AWS_REGION right/);
  });

  test('where the secret of the database is wrong', async () => {
    const wrong = { DATABASE_MIGRATOR_SECRET_ARN: `${right.DATABASE_MIGRATOR_SECRET_ARN}-gone` };
    setEnvironment({ ...right, ...wrong });
    for (const { name, run } of (await load()).filter((command) => !ofSecrets.includes(command.name))) {
      const { code, complaint } = await run();
      expect([name, code, complaint]).toEqual([name, 1, expect.stringContaining('DATABASE_MIGRATOR_SECRET_ARN')]);
    }
  });

  test('where there are no rights', async () => {
    for (const point of ['data-api:ExecuteStatement:before', 'secretsmanager:GetSecretValue:before'])
      world.faults.arm({ point, action: 'error', error: 'AccessDeniedException', times: 1_000 });
    for (const [name, said] of await complaints(right))
      expect(said, name).toMatch(/^these credentials may not do this .*AWS_PROFILE/);
  });

  test('where there is a switch that nobody knows', async () => {
    for (const { name } of await load()) {
      const [program = '', command = ''] = name.split(' ');
      const { runCommand } = await import('../../../infra/tools/program.ts');
      const all = await import('../../../infra/tools/programs.ts');
      const commands = { admin: all.adminCommands, db: all.dbCommands, keys: all.keysCommands }[program] ?? {};
      const { code, complaint } = await runCommand(program, commands, [
        command,
        ...(told[command] ?? []),
        '--nonsense',
      ]);
      expect([name, code, complaint]).toEqual([name, 1, expect.stringMatching(/--nonsense|usage/)]);
    }
  });
});

test('apps of the platforms are listed, and a secret that is not there is named', async () => {
  const list = async () => (await load()).find(({ name }) => name === 'admin platform-app')?.run();
  setEnvironment({ ...right, PLATFORM_APPS_SECRET_ARN: 'arn:aws:secretsmanager:eu-west-1:1:secret:nobody' });
  const missing = await list();
  expect(missing).toEqual({
    code: 1,
    complaint: expect.stringMatching(
      /^no secret is called arn:aws:.*:nobody here: .*PLATFORM_APPS_SECRET_ARN and AWS_REGION/,
    ),
  });
  setEnvironment(right);
  const said = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  expect(await list()).toEqual({ code: 0, complaint: '' });
  expect(said.mock.calls.map(([line]) => line)).toContain('threads  posthaste-local\n');
  said.mockRestore();
});
