/** Secrets Manager (JSON 1.1): secrets with their versions in one file that only its owner may read. */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { z } from 'zod';
import { answerJson, type EndpointOptions, type JsonService, type Operation } from './json-protocol.ts';
import { ServiceError } from './service-error.ts';
import { accountId, region } from './sqs-queues.ts';

export interface SecretsOptions extends EndpointOptions {
  /** Folder of `secrets.json`. */
  readonly dir: string;
}

export interface Secrets {
  handle(req: IncomingMessage, res: ServerResponse): Promise<void>;
  /** Current value by ARN or name. */
  get(secretId: string): string | undefined;
  /** ARN of the secret; when there is none yet it is created with the value that `makeValue` returns. */
  ensure(name: string, makeValue: () => string): string;
  /** Sets the current value, creating the secret when there is none; returns its ARN. */
  put(name: string, value: string): string;
}

const versionShape = z.object({
  id: z.string(),
  value: z.string(),
  stages: z.array(z.string()),
  createdMs: z.number(),
});
const secretShape = z.object({
  name: z.string(),
  arn: z.string(),
  description: z.string().optional(),
  createdMs: z.number(),
  changedMs: z.number(),
  versions: z.array(versionShape),
});
const fileShape = z.object({ secrets: z.array(secretShape) });
type Secret = z.output<typeof secretShape>;
type Version = z.output<typeof versionShape>;

/** SecretString and SecretBinary are at most 65,536 bytes. */
const maxSecretBytes = 65_536;
const idInput = z.object({ SecretId: z.string().min(1).max(2048) });
const getInput = idInput.extend({ VersionId: z.string().nullish(), VersionStage: z.string().nullish() });
const valueInput = z.object({
  SecretString: z.string().nullish(),
  ClientRequestToken: z.string().min(32).max(64).nullish(),
});
const createInput = valueInput.extend({
  Name: z.string().regex(/^[A-Za-z0-9/_+=.@-]{1,512}$/),
  Description: z.string().nullish(),
});
const stage = z.string().min(1).max(256);
const putInput = valueInput.extend(idInput.shape).extend({ VersionStages: z.array(stage).min(1).max(20).nullish() });
const moveInput = idInput.extend({
  VersionStage: stage,
  MoveToVersionId: z.string().nullish(),
  RemoveFromVersionId: z.string().nullish(),
});

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: small functions around one state, each far below the limit
export function createSecrets(options: SecretsOptions): Secrets {
  const now = options.now ?? Date.now;
  const file = openFile(options.dir);

  function find(id: string): Secret | undefined {
    return file
      .secrets()
      .find(({ name, arn }) => name === id || arn === id || arn.replace(/-[A-Za-z0-9]{6}$/, '') === id);
  }

  function require(id: string): Secret {
    const secret = find(id);
    if (secret !== undefined) return secret;
    throw new ServiceError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
  }

  function create(name: string, description?: string): Secret {
    if (find(name) !== undefined) {
      throw new ServiceError(
        'ResourceExistsException',
        `The operation failed because the secret ${name} already exists.`,
      );
    }
    const arn = `arn:aws:secretsmanager:${region}:${accountId}:secret:${name}-${suffix()}`;
    const about = description === undefined ? {} : { description };
    return { name, arn, ...about, createdMs: now(), changedMs: now(), versions: [] };
  }

  function addVersion(
    secret: Secret,
    value: string,
    token: string = randomUUID(),
    wanted: readonly string[] = [CURRENT],
  ): Version {
    if (Buffer.byteLength(value) > maxSecretBytes || value === '') {
      throw new ServiceError('InvalidParameterException', `SecretString must have 1 to ${maxSecretBytes} bytes.`);
    }
    const same = secret.versions.find(({ id }) => id === token);
    if (same !== undefined) {
      if (same.value === value) return same;
      throw new ServiceError('ResourceExistsException', 'A version with this ClientRequestToken has another value.');
    }
    // The first version is the current one, whatever it is called.
    const stages = secret.versions.length === 0 && !wanted.includes(CURRENT) ? [...wanted, CURRENT] : [...wanted];
    const version = { id: token, value, stages: [], createdMs: now() };
    const versions = stages.reduce((all, label) => moveLabel(all, label, token), [...secret.versions, version]);
    file.save({ ...secret, changedMs: now(), versions: versions.filter((known) => known.stages.length > 0) });
    return { ...version, stages };
  }

  const operations: Readonly<Record<string, Operation>> = {
    GetSecretValue: (input) => {
      const request = parse(getInput, input);
      const secret = require(request.SecretId);
      const version = secret.versions.find(
        ({ id, stages }) =>
          (!request.VersionId || id === request.VersionId) &&
          (request.VersionId && !request.VersionStage ? true : stages.includes(request.VersionStage ?? 'AWSCURRENT')),
      );
      if (version === undefined) {
        throw new ServiceError('ResourceNotFoundException', "Secrets Manager can't find the specified secret value.");
      }
      return {
        ...named(secret),
        VersionId: version.id,
        SecretString: version.value,
        VersionStages: version.stages,
        CreatedDate: version.createdMs / 1000,
      };
    },
    CreateSecret: (input) => {
      const request = parse(createInput, input);
      const secret = create(request.Name, request.Description ?? undefined);
      if (!request.SecretString) {
        file.save(secret);
        return named(secret);
      }
      const version = addVersion(secret, request.SecretString, request.ClientRequestToken ?? undefined);
      return { ...named(secret), VersionId: version.id };
    },
    PutSecretValue: (input) => {
      const request = parse(putInput, input);
      const secret = require(request.SecretId);
      const version = addVersion(
        secret,
        request.SecretString ?? '',
        request.ClientRequestToken ?? undefined,
        request.VersionStages ?? undefined,
      );
      return { ...named(secret), VersionId: version.id, VersionStages: version.stages };
    },
    UpdateSecretVersionStage: (input) => {
      const request = parse(moveInput, input);
      const secret = require(request.SecretId);
      const holder = secret.versions.find(({ stages }) => stages.includes(request.VersionStage))?.id;
      if (holder !== undefined && holder !== request.MoveToVersionId && holder !== request.RemoveFromVersionId) {
        throw new ServiceError(
          'InvalidParameterException',
          `The parameter RemoveFromVersionId can't be empty or another version: the label ${request.VersionStage} is attached to ${holder}.`,
        );
      }
      if (request.MoveToVersionId && !secret.versions.some(({ id }) => id === request.MoveToVersionId)) {
        throw new ServiceError('ResourceNotFoundException', "Secrets Manager can't find the specified secret version.");
      }
      const versions = moveLabel(secret.versions, request.VersionStage, request.MoveToVersionId ?? null);
      file.save({ ...secret, changedMs: now(), versions: versions.filter(({ stages }) => stages.length > 0) });
      return named(secret);
    },
    DescribeSecret: (input) => {
      const secret = require(parse(idInput, input).SecretId);
      return {
        ...named(secret),
        ...(secret.description === undefined ? {} : { Description: secret.description }),
        CreatedDate: secret.createdMs / 1000,
        LastChangedDate: secret.changedMs / 1000,
        VersionIdsToStages: Object.fromEntries(secret.versions.map(({ id, stages }) => [id, stages])),
      };
    },
  };
  const wire: JsonService = {
    ...options,
    service: 'secretsmanager',
    contentType: 'application/x-amz-json-1.1',
    errorPrefix: '',
    messageKey: 'Message',
    maxBodyBytes: 8 * maxSecretBytes,
  };
  const byName = new Map(Object.entries(operations));

  return {
    handle: (req, res) => {
      const name = String(req.headers['x-amz-target'] ?? '').replace(/^secretsmanager\./, '');
      return answerJson(wire, { name, operation: byName.get(name) }, req, res);
    },
    get: (id) => find(id)?.versions.find(({ stages }) => stages.includes('AWSCURRENT'))?.value,
    ensure: (name, makeValue) => {
      const known = find(name);
      if (known !== undefined) return known.arn;
      const secret = create(name);
      addVersion(secret, makeValue());
      return secret.arn;
    },
    put: (name, value) => {
      const secret = find(name) ?? create(name);
      addVersion(secret, value);
      return secret.arn;
    },
  };
}

const CURRENT = 'AWSCURRENT';
const PREVIOUS = 'AWSPREVIOUS';

/** A label is one version's. Whoever was the current one is the previous one from then on. */
function moveLabel(versions: readonly Version[], label: string, to: string | null): Version[] {
  const was = versions.find(({ stages }) => stages.includes(label))?.id;
  if (was === to && to !== null) return [...versions];
  const moved = versions.map((version) => {
    const others = version.stages.filter((stage) => stage !== label);
    return { ...version, stages: version.id === to ? [...others, label] : others };
  });
  return label === CURRENT && was !== undefined ? moveLabel(moved, PREVIOUS, was) : moved;
}

/** All secrets in memory; every save replaces the file in one step. */
function openFile(dir: string) {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const path = join(dir, 'secrets.json');
  let known = read(path);
  return {
    secrets: (): readonly Secret[] => known,
    save: (secret: Secret): void => {
      const next = [...known.filter(({ name }) => name !== secret.name), secret];
      writeFileSync(`${path}.new`, JSON.stringify({ secrets: next }, null, 2), { mode: 0o600, flush: true });
      renameSync(`${path}.new`, path);
      known = next;
    },
  };
}

function read(path: string): Secret[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
  return fileShape.parse(JSON.parse(text)).secrets;
}

function named(secret: Secret): { readonly ARN: string; readonly Name: string } {
  return { ARN: secret.arn, Name: secret.name };
}

function parse<S extends z.ZodType>(shape: S, input: unknown): z.output<S> {
  const result = shape.safeParse(input);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new ServiceError('InvalidParameterException', `${issue?.path.join('.')}: ${issue?.message}`);
}

/** Six letters and digits, as AWS appends to the name. */
function suffix(): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  return [...randomBytes(6)].map((byte) => letters[byte % letters.length]).join('');
}
