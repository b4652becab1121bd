/**
 * The real PDS in a process of its own. Plain JavaScript: this file runs on whatever Node npm itself ran on, because
 * the PDS's SQLite addon was built for that one and not for the Node this project pins.
 *
 * `--probe` only opens an SQLite file in memory and exits with 0. Otherwise settings come as PDS_* variables and
 * PDS_PUBLIC_URL; `{ port }` is sent to the parent once it listens, and the process ends when the parent is gone.
 */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const requireOfPds = createRequire(require.resolve('@atproto/pds'));

if (process.argv.includes('--probe')) {
  const Database = requireOfPds('better-sqlite3');
  new Database(':memory:').close();
} else {
  await run();
}

async function run() {
  const { PDS, envToCfg, envToSecrets, readEnv } = require('@atproto/pds');
  const env = readEnv();
  const cfg = envToCfg(env);
  // DID documents and the OAuth issuer must name the proxy through which everybody reaches this PDS.
  cfg.service.publicUrl = process.env.PDS_PUBLIC_URL;
  const pds = await PDS.create(cfg, envToSecrets(env));
  // The PDS itself would listen on all interfaces.
  const listen = pds.app.listen.bind(pds.app);
  pds.app.listen = (port) => listen(port, '127.0.0.1');
  const server = await pds.start();
  const end = () => {
    const deadline = setTimeout(() => process.exit(0), 3000);
    deadline.unref();
    pds.destroy().finally(() => process.exit(0));
  };
  process.on('disconnect', () => process.exit(0));
  process.on('SIGTERM', end);
  process.on('SIGINT', () => {});
  process.send({ port: server.address().port });
}
