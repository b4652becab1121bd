/** `npm run admin -- platform-app`: our apps at the platforms. The secret comes from standard input, never from the command line. */
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { changePlatformApp, readPlatformApps } from '../../../shared/accounts/platform-apps.ts';
import { PlatformApp, platformName } from '../../../shared/admin/platform-shapes.ts';
import { needsApp } from '../../../shared/admin/platforms.ts';
import { isSecret } from '../../../shared/aws/secrets.ts';
import { type Command, type Database, print, setting } from '../command.ts';
import { sqlRunner } from '../sql-runner.ts';

const actions = ['list', 'set', 'remove'];

export const platformApp: Command = {
  usage: 'list | set <platform> --client-id <id> (the secret on standard input) | remove <platform>',
  summary: 'shows which apps of ours are known, enters one, or takes one away',
  run: async (args, database) => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { 'client-id': { type: 'string' } },
    });
    setting('PLATFORM_APPS_SECRET_ARN');
    const [action, name] = positionals;
    if (!actions.includes(action ?? '')) throw new Error(`usage: npm run admin -- platform-app ${platformApp.usage}`);
    if (action === 'list') return list(await database());
    const platform = platformName.safeParse(name);
    if (!platform.success) throw new Error(`which platform? ${platformName.options.join(', ')}`);
    if (action === 'remove') {
      await mustBeThere();
      await note(await database(), 'delete', platform.data);
      await changePlatformApp(platform.data, null);
      return print(`${platform.data} has no app any more`);
    }
    if (!needsApp(platform.data)) throw new Error(`accounts of ${platform.data} are connected without an app of ours`);
    const app = PlatformApp.safeParse({
      clientId: values['client-id'],
      clientSecret: (await text(process.stdin)).trim(),
    });
    if (!app.success)
      throw new Error('say --client-id <id>, and give the secret on standard input: printable, without spaces');
    await mustBeThere();
    await note(await database(), 'set', platform.data);
    await changePlatformApp(platform.data, app.data);
    print(`${platform.data} has the app ${app.data.clientId}; it is heard within five minutes`);
  },
};

async function list(database: Database): Promise<void> {
  await mustBeThere();
  await note(database, 'read', null);
  const apps = Object.entries(await readPlatformApps(0));
  for (const [name, app] of apps) print(`${name}  ${app?.clientId ?? ''}`);
  if (apps.length === 0) print('no app is known');
}

/** A secret without a value has no apps yet; one that is not there is another one, or of another region. */
async function mustBeThere(): Promise<void> {
  const arn = process.env.PLATFORM_APPS_SECRET_ARN ?? '';
  if (!(await isSecret(arn))) {
    throw new Error(`no secret is called ${arn} here: are PLATFORM_APPS_SECRET_ARN and AWS_REGION right?`);
  }
}

/** In the log of changes, before the secret is touched. */
async function note({ target }: Database, action: string, platform: string | null): Promise<void> {
  await sqlRunner(target)(
    `select 1 as done from app.audit_access('platform_app', null,
      jsonb_strip_nulls(jsonb_build_object('action', :action, 'platform', nullif(:platform, '')))) noted`,
    { action, platform: platform ?? '' },
  );
}
