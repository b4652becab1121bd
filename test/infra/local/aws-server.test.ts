import { ExecuteStatementCommand, RDSDataClient } from '@aws-sdk/client-rds-data';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createAwsServer, type WireEndpoint } from '../../../infra/local/aws/server.ts';
import { type AwsWorld, clientFor, openAws, refusal } from './aws-world.ts';

let aws: AwsWorld;

beforeEach(async () => {
  aws = await openAws();
});

afterEach(() => aws.close());

test('one port serves the Data API beside the others', async () => {
  const dataApi: WireEndpoint = {
    handle: async (req, res) => {
      req.resume();
      res.writeHead(200, { 'content-type': 'application/json' }).end('{"numberOfRecordsUpdated":7}');
    },
  };
  const server = createAwsServer({ ...aws, dataApi });
  await server.listen();
  const client = new RDSDataClient(clientFor(server.origin()));
  const result = await client.send(new ExecuteStatementCommand({ resourceArn: 'a', secretArn: 's', sql: 'select 1' }));
  expect(result.numberOfRecordsUpdated).toBe(7);
  client.destroy();
  await server.close();
});

test('operations and services that are not offered are named as such', async () => {
  const client = new RDSDataClient(aws.client);
  const missing = client.send(new ExecuteStatementCommand({ resourceArn: 'a', secretArn: 's', sql: 'select 1' }));
  expect(await refusal(missing)).toMatchObject({ name: 'UnknownOperationException', status: 404 });
  client.destroy();
  const target = { 'x-amz-target': 'TrentService.Encrypt' };
  const other = await fetch(aws.origin, { method: 'POST', headers: target, body: '{}' });
  expect(other.headers.get('x-amzn-errortype')).toBe('UnknownOperationException');
  for (const method of ['GET', 'POST', 'PUT']) {
    const broken = await fetch(`${aws.origin}/bucket/%E0%A4%A`, { method });
    expect(broken.status).toBe(400);
    expect(await broken.text()).toContain('<Code>InvalidURI</Code>');
  }
});

test('a port that is taken is an error, and closing frees it', async () => {
  const taken = Number(new URL(aws.origin).port);
  const server = createAwsServer(aws);
  await expect(server.listen(taken)).rejects.toThrow('EADDRINUSE');
  const first = createAwsServer(aws);
  const port = await first.listen();
  await first.close();
  const second = createAwsServer(aws);
  expect(await second.listen(port)).toBe(port);
  await second.close();
});
