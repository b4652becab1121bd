/** `npm start -- --env`: the environment of an installation as lines for a shell, for `npm run db` and the AWS CLI. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createSecrets } from './aws/secrets.ts';
import { environmentOf } from './environment.ts';
import { ensureSecrets } from './host-secrets.ts';
import { announcedOrigin } from './lock.ts';
import type { StartArguments } from './options.ts';
import { keepPorts } from './ports.ts';

export async function printEnvironment({ dataDir, port }: StartArguments): Promise<void> {
  const portsFile = join(dataDir, 'ports.json');
  if (!existsSync(portsFile)) throw new Error(`${dataDir} is empty: start Posthaste there first`);
  const ports = await keepPorts(portsFile);
  const environment = environmentOf({
    secrets: ensureSecrets(createSecrets({ dir: join(dataDir, 'aws') })),
    awsOrigin: `http://127.0.0.1:${ports.aws}`,
    // A host that runs knows its port; whoever asks need not say it again.
    publicOrigin: announcedOrigin(dataDir) ?? `http://127.0.0.1:${port}`,
    platformOrigins: [],
  });
  for (const [name, value] of Object.entries(environment)) {
    process.stdout.write(`export ${name}='${value.replaceAll("'", `'\\''`)}'\n`);
  }
}
