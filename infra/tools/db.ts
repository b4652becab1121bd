/** `npm run db -- up | down [steps] | status | dump | import …`: over the Data API, on AWS and on one machine alike. */
import { writeFile } from 'node:fs/promises';
import { RDSDataClient } from '@aws-sdk/client-rds-data';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { z } from 'zod';
import { dumpSchema } from './dump-schema.ts';
import { importUsage, readImportOptions, runImport } from './import/command.ts';
import { migrateDown, migrateUp, migrationStatus } from './migrate.ts';
import { sqlRunner, type Target } from './sql-runner.ts';
import { describeAudit, verifyAudit } from './verify-audit.ts';

const settings = z.object({
  DATABASE_CLUSTER_ARN: z.string(),
  DATABASE_NAME: z.string().default('posthaste'),
  DATABASE_MIGRATOR_SECRET_ARN: z.string(),
  DATABASE_API_SECRET_ARN: z.string(),
  DATABASE_WORKER_SECRET_ARN: z.string(),
  DATABASE_REPORTING_SECRET_ARN: z.string(),
});

async function password(secrets: SecretsManagerClient, arn: string): Promise<string> {
  const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: arn }));
  return z.object({ password: z.string() }).parse(JSON.parse(SecretString ?? '{}')).password;
}

async function main([command, ...rest]: string[]): Promise<void> {
  const [steps] = rest;
  const parsed = settings.safeParse(process.env);
  if (!parsed.success) {
    throw new Error(
      `set ${parsed.error.issues.map((issue) => issue.path.join('.')).join(', ')} (npm start prints them with --env)`,
    );
  }
  const env = parsed.data;
  const target: Target = {
    client: new RDSDataClient({ maxAttempts: 1 }),
    clusterArn: env.DATABASE_CLUSTER_ARN,
    secretArn: env.DATABASE_MIGRATOR_SECRET_ARN,
    database: env.DATABASE_NAME,
  };
  switch (command) {
    case 'up': {
      const secrets = new SecretsManagerClient({});
      const [api, worker, reporting] = await Promise.all([
        password(secrets, env.DATABASE_API_SECRET_ARN),
        password(secrets, env.DATABASE_WORKER_SECRET_ARN),
        password(secrets, env.DATABASE_REPORTING_SECRET_ARN),
      ]);
      const applied = await migrateUp(target, { api, worker, reporting });
      console.log(applied.length === 0 ? 'nothing to apply' : `applied ${applied.join(', ')}`);
      return;
    }
    case 'down': {
      const undone = await migrateDown(target, Number(steps ?? 1));
      console.log(undone.length === 0 ? 'nothing to take back' : `took back ${undone.join(', ')}`);
      return;
    }
    case 'status':
      for (const row of await migrationStatus(target))
        console.log(`${row.state.padEnd(8)} ${row.name} ${row.appliedAt ?? ''}`.trimEnd());
      return;
    case 'dump':
      await writeFile(new URL('../../sql/schema.sql', import.meta.url), await dumpSchema(sqlRunner(target)));
      return;
    case 'verify-audit': {
      const report = await verifyAudit(sqlRunner(target), steps);
      for (const line of describeAudit(report)) console.log(line);
      if (report.findings.length > 0) process.exitCode = 2;
      return;
    }
    case 'import': {
      const { tables } = await runImport(target, readImportOptions(rest), {
        say: console.log,
        complain: console.error,
      });
      if (tables.some(({ problems }) => problems > 0)) process.exitCode = 2;
      return;
    }
    default:
      throw new Error(
        `usage: npm run db -- up | down [steps] | status | dump | verify-audit [hash of a seal] | ${importUsage}`,
      );
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
