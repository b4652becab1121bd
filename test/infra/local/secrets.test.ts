import { statSync } from 'node:fs';
import { join } from 'node:path';
import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AwsWorld, openAws, refusal } from './aws-world.ts';

let aws: AwsWorld;
let client: SecretsManagerClient;

beforeEach(async () => {
  aws = await openAws();
  client = new SecretsManagerClient(aws.client);
});

afterEach(async () => {
  client.destroy();
  await aws.close();
});

test('a secret is read by its ARN, its name and its ARN without the suffix', async () => {
  const made = await client.send(new CreateSecretCommand({ Name: 'posthaste/api', SecretString: 'first' }));
  expect(made.ARN).toMatch(/^arn:aws:secretsmanager:us-east-1:000000000000:secret:posthaste\/api-[A-Za-z0-9]{6}$/);
  for (const SecretId of ['posthaste/api', made.ARN, made.ARN?.slice(0, -7)]) {
    const got = await client.send(new GetSecretValueCommand({ SecretId }));
    expect(got).toMatchObject({
      ARN: made.ARN,
      Name: 'posthaste/api',
      SecretString: 'first',
      VersionId: made.VersionId,
    });
    expect(Math.abs((got.CreatedDate?.getTime() ?? 0) - Date.now())).toBeLessThan(5_000);
  }
});

test('a new value becomes the current one and the last stays as the previous', async () => {
  const made = await client.send(new CreateSecretCommand({ Name: 'keys', SecretString: 'one' }));
  const put = await client.send(new PutSecretValueCommand({ SecretId: 'keys', SecretString: 'two' }));
  const current = await client.send(new GetSecretValueCommand({ SecretId: 'keys' }));
  expect(current).toMatchObject({ SecretString: 'two', VersionStages: ['AWSCURRENT'] });
  const before = new GetSecretValueCommand({ SecretId: 'keys', VersionStage: 'AWSPREVIOUS' });
  expect((await client.send(before)).SecretString).toBe('one');
  const described = await client.send(new DescribeSecretCommand({ SecretId: 'keys' }));
  expect(described.VersionIdsToStages).toEqual({
    [put.VersionId ?? '']: ['AWSCURRENT'],
    [made.VersionId ?? '']: ['AWSPREVIOUS'],
  });
  const repeated = { SecretId: 'keys', SecretString: 'two', ClientRequestToken: put.VersionId };
  expect((await client.send(new PutSecretValueCommand(repeated))).VersionId).toBe(put.VersionId);
  const other = client.send(new PutSecretValueCommand({ ...repeated, SecretString: 'three' }));
  expect((await refusal(other)).name).toBe('ResourceExistsException');
});

test('what does not exist, exists already or is not offered is refused', async () => {
  const missing = client.send(new GetSecretValueCommand({ SecretId: 'nothing' }));
  expect(await refusal(missing)).toMatchObject({ name: 'ResourceNotFoundException', status: 400 });
  const create = new CreateSecretCommand({ Name: 'keys', SecretString: 'one' });
  await client.send(create);
  expect((await refusal(client.send(create))).name).toBe('ResourceExistsException');
  expect((await refusal(client.send(new ListSecretsCommand({})))).name).toBe('UnknownOperationException');
  const tooLong = new PutSecretValueCommand({ SecretId: 'keys', SecretString: 'x'.repeat(65_537) });
  expect((await refusal(client.send(tooLong))).name).toBe('InvalidParameterException');
  const stranger = { accessKeyId: aws.client.credentials.accessKeyId, secretAccessKey: 'wrong' };
  const wrong = new SecretsManagerClient({ ...aws.client, credentials: stranger });
  const refused = await refusal(wrong.send(new GetSecretValueCommand({ SecretId: 'keys' })));
  expect(refused).toMatchObject({ name: 'InvalidSignatureException', status: 403 });
});

test('secrets lie in a file for its owner alone and are there after the next start', async () => {
  const arn = aws.secrets.ensure('keys', () => 'made once');
  expect(statSync(join(aws.dir, 'secrets.json')).mode & 0o777).toBe(0o600);
  await aws.close('keep');
  aws = await openAws({ dir: aws.dir });
  expect(aws.secrets.ensure('keys', () => 'made twice')).toBe(arn);
  expect(aws.secrets.get(arn)).toBe('made once');
  client = new SecretsManagerClient(aws.client);
  expect((await client.send(new GetSecretValueCommand({ SecretId: arn }))).SecretString).toBe('made once');
});

test('a version becomes the current one only if the one it was made from still is', async () => {
  const SecretId = 'apps';
  await client.send(new CreateSecretCommand({ Name: SecretId }));
  const put = (SecretString: string, ...VersionStages: string[]) =>
    client.send(new PutSecretValueCommand({ SecretId, SecretString, VersionStages }));
  const current = async () => (await client.send(new GetSecretValueCommand({ SecretId }))).SecretString;
  // The first is the current one whatever it is called; a later one is not.
  const one = await put('one', 'NEXT');
  expect(one.VersionStages).toEqual(['NEXT', 'AWSCURRENT']);
  const two = await put('two', 'NEXT');
  expect(await current()).toBe('one');
  const VersionStage = 'AWSCURRENT';
  const move = (MoveToVersionId: string | undefined, RemoveFromVersionId: string | undefined) =>
    client.send(new UpdateSecretVersionStageCommand({ SecretId, VersionStage, MoveToVersionId, RemoveFromVersionId }));
  await move(two.VersionId, one.VersionId);
  expect(await current()).toBe('two');
  const previous = await client.send(new GetSecretValueCommand({ SecretId, VersionStage: 'AWSPREVIOUS' }));
  expect(previous.SecretString).toBe('one');
  const three = await put('three', 'NEXT');
  expect((await refusal(move(three.VersionId, one.VersionId))).name).toBe('InvalidParameterException');
  expect((await refusal(move(three.VersionId, undefined))).name).toBe('InvalidParameterException');
  expect(await current()).toBe('two');
});
