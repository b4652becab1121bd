/** All wire endpoints of one installation on one port, over one store. */
import { mkdirSync } from 'node:fs';
import { createDataApi } from './aws/data-api.ts';
import { createS3 } from './aws/s3.ts';
import { createS3Events, type S3Events } from './aws/s3-events.ts';
import { createSecrets } from './aws/secrets.ts';
import { type AwsServer, createAwsServer } from './aws/server.ts';
import { createSes, type Ses } from './aws/ses.ts';
import { createSqs, type Sqs } from './aws/sqs.ts';
import { openStore } from './aws/store.ts';
import { archiveBucket, clusterArn, databaseName, mediaBucket, sdkCredentials } from './environment.ts';
import type { Faults } from './faults.ts';
import { ensureSecrets, readLogin, type SecretArns } from './host-secrets.ts';

export interface WireOptions {
  /** Folder of the store, the objects and the secrets. */
  readonly dir: string;
  readonly port: number;
  readonly faults: Faults;
}

export interface Wire {
  readonly origin: string;
  readonly sqs: Sqs;
  readonly ses: Ses;
  readonly s3Events: S3Events;
  readonly secrets: SecretArns;
  /** Login of a database secret, or secret text, by its ARN. */
  readonly secretText: (arn: string) => string | undefined;
  readonly putSecret: (arn: string, text: string) => void;
  /** Begins to answer. */
  listen(postgresPort: number): Promise<void>;
  close(): Promise<void>;
}

export function createWire(options: WireOptions): Wire {
  const { dir, port, faults } = options;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const origin = `http://127.0.0.1:${port}`;
  const store = openStore(dir);
  const endpoint = { faults, credentials: sdkCredentials };
  const secrets = createSecrets({ dir, ...endpoint });
  const arns = ensureSecrets(secrets);
  const sqs = createSqs({ store, origin: () => origin, ...endpoint });
  const ses = createSes({ store, ...endpoint });
  const s3Events = createS3Events({ store, sqs });
  const s3 = createS3({ store, events: s3Events, ...endpoint });
  s3.createBucket(mediaBucket);
  s3.createBucket(archiveBucket);
  const running: { server: AwsServer; close: () => Promise<void> }[] = [];

  return {
    origin,
    sqs,
    ses,
    s3Events,
    secrets: arns,
    secretText: secrets.get,
    putSecret: secrets.put,
    listen: async (postgresPort) => {
      const dataApi = createDataApi({
        clusterArn,
        faults,
        connect: { host: '127.0.0.1', port: postgresPort },
        database: databaseName,
        secretOf: async (arn) => (secrets.get(arn) === undefined ? null : readLogin(secrets, arn)),
      });
      const server = createAwsServer({ sqs, s3, secrets, ses, dataApi });
      running.push({ server, close: dataApi.close });
      await server.listen(port).catch((error: NodeJS.ErrnoException) => {
        throw error.code === 'EADDRINUSE'
          ? new Error(`port ${port}, kept in ports.json for the wire endpoints, is taken`)
          : error;
      });
    },
    close: async () => {
      for (const { server, close } of running) {
        await server.close();
        await close();
      }
      store.close();
    },
  };
}
