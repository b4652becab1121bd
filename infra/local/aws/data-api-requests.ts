/** What may be asked of RDS Data API: the shapes and limits of its model, and what Aurora PostgreSQL refuses in them. */
import { z } from 'zod';
import { DataApiError } from './data-api-errors.ts';

const arn = z
  .string()
  .min(11)
  .max(100 + 470);
const database = z.string().max(64).optional();
const schema = z.string().max(64).optional();
const transactionId = z.string().max(192);
const sql = z.string().max(65_536);
const double = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity']).transform(Number)]);

const field = z
  .strictObject({
    isNull: z.boolean(),
    booleanValue: z.boolean(),
    longValue: z.number().refine(Number.isInteger, 'not a long'),
    doubleValue: double,
    stringValue: z.string(),
    blobValue: z.base64(),
    arrayValue: z.unknown(),
  })
  .partial();

const parameter = z.object({
  name: z.string().optional(),
  value: field.optional(),
  typeHint: z.enum(['JSON', 'UUID', 'TIMESTAMP', 'DATE', 'TIME', 'DECIMAL']).optional(),
});

const parameters = z.array(parameter);
const target = { resourceArn: arn, secretArn: arn, database, schema };

const shapes = {
  ExecuteStatement: z.object({
    ...target,
    sql,
    parameters: parameters.optional(),
    transactionId: transactionId.optional(),
    includeResultMetadata: z.boolean().default(false),
    continueAfterTimeout: z.boolean().default(false),
    resultSetOptions: z
      .object({
        decimalReturnType: z.enum(['STRING', 'DOUBLE_OR_LONG']).default('STRING'),
        longReturnType: z.enum(['LONG', 'STRING']).default('LONG'),
      })
      .prefault({}),
    formatRecordsAs: z.enum(['NONE', 'JSON']).default('NONE'),
  }),
  BatchExecuteStatement: z.object({
    ...target,
    sql,
    parameterSets: z.array(parameters).optional(),
    transactionId: transactionId.optional(),
  }),
  BeginTransaction: z.object(target),
  CommitTransaction: z.object({ resourceArn: arn, secretArn: arn, transactionId }),
  RollbackTransaction: z.object({ resourceArn: arn, secretArn: arn, transactionId }),
} as const;

export type Operation = keyof typeof shapes;
export type RequestOf<O extends Operation> = z.output<(typeof shapes)[O]>;
export type Parameter = z.output<typeof parameter>;

const paths: Readonly<Record<string, Operation>> = {
  '/Execute': 'ExecuteStatement',
  '/BatchExecute': 'BatchExecuteStatement',
  '/BeginTransaction': 'BeginTransaction',
  '/CommitTransaction': 'CommitTransaction',
  '/RollbackTransaction': 'RollbackTransaction',
};

export function operationOf(method: string | undefined, path: string | undefined): Operation {
  const operation = method === 'POST' ? paths[path ?? ''] : undefined;
  if (operation === undefined) {
    throw new DataApiError('UnknownOperationException', `${method} ${path} is no operation that is supported here`);
  }
  return operation;
}

/** The request in its shape. Throws SerializationException or ValidationException. */
export function parseRequest<O extends Operation>(operation: O, body: Buffer): RequestOf<O> {
  const result = shapes[operation].safeParse(parseJson(body));
  if (!result.success) throw complaint(result.error);
  const request = result.data;
  if ('schema' in request && request.schema !== undefined) {
    throw new DataApiError('ValidationException', "The schema parameter isn't supported");
  }
  if (
    'sql' in request &&
    typeof request.sql === 'string' &&
    (request.sql.trim() === '' || request.sql.includes('\0'))
  ) {
    throw new DataApiError('ValidationException', 'The sql parameter is empty or contains a NUL character');
  }
  // The shape that was chosen by `operation` has just been checked.
  return request as RequestOf<O>;
}

function parseJson(body: Buffer): unknown {
  const text = body.toString('utf8');
  try {
    // Decoded UTF-8 has no lone surrogates: only an escape can bring one.
    return JSON.parse(text, /\\u[dD][89a-fA-F]/.test(text) ? refuseLoneSurrogates : undefined);
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'not JSON';
    throw new DataApiError('SerializationException', `The request cannot be read: ${reason}`);
  }
}

function refuseLoneSurrogates(_key: string, value: unknown): unknown {
  if (typeof value === 'string' && !value.isWellFormed()) throw new Error('a lone surrogate');
  return value;
}

function complaint(error: z.ZodError): DataApiError {
  const texts = error.issues.map(
    (issue) => `Value at '${issue.path.join('.')}' failed to satisfy constraint: ${issue.message}`,
  );
  const wrongType = error.issues.some(
    (issue) => issue.code === 'invalid_type' && !issue.message.endsWith('received undefined'),
  );
  if (wrongType) return new DataApiError('SerializationException', texts.join('; '));
  return new DataApiError('ValidationException', `${texts.length} validation error detected: ${texts.join('; ')}`);
}
