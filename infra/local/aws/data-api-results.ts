/** The answer to ExecuteStatement: records or counts, metadata, or records as one JSON text. */
import type pg from 'pg';
import { DataApiError } from './data-api-errors.ts';
import { describeColumns, ownTypes } from './data-api-metadata.ts';
import type { RequestOf } from './data-api-requests.ts';
import { builtInType, type ColumnType } from './data-api-types.ts';
import { toField, toPlain } from './data-api-values.ts';
import type { WireResult } from './data-api-wire.ts';

type Request = RequestOf<'ExecuteStatement'>;

/** Throws UnsupportedResultException for what the service cannot return. The statement has run by then, as it has there. */
export async function answerOf(client: pg.PoolClient, result: WireResult, request: Request): Promise<unknown> {
  const { fields, rows, excess } = result;
  if (fields === null) return { generatedFields: [], numberOfRecordsUpdated: countOf(result.tag) };
  if (excess === 'result') throw unsupported('Database response exceeded size limit');
  if (excess === 'row') throw unsupported('Packet for query is too large: a row exceeds 64 KB');
  const types = await typesOf(client, fields);
  const records = rows.map((row) =>
    row.map((text, index) => toField(text, at(types, index), request.resultSetOptions)),
  );
  if (request.formatRecordsAs === 'JSON') {
    const labels = fields.map((field) => field.name);
    if (new Set(labels).size < labels.length) throw unsupported('The result has columns with the same name');
    const objects = records.map((record) =>
      Object.fromEntries(record.map((field, index) => [at(labels, index), toPlain(field)])),
    );
    return { formattedRecords: JSON.stringify(objects), numberOfRecordsUpdated: 0 };
  }
  const metadata = request.includeResultMetadata
    ? { columnMetadata: await describeColumns(client, fields, types) }
    : {};
  return { records, numberOfRecordsUpdated: 0, ...metadata };
}

async function typesOf(client: pg.PoolClient, fields: readonly pg.FieldDef[]): Promise<ColumnType[]> {
  const types = fields.map((field) => builtInType(field.dataTypeID));
  if (!types.includes(null)) return types.filter((type) => type !== null);
  const own = await ownTypes(
    client,
    fields.map((field) => field.dataTypeID),
  );
  return fields.map((field, index) => {
    const type = types[index] ?? own.get(field.dataTypeID);
    if (type) return type;
    throw unsupported(`The result contains the unsupported data type of the column ${field.name}`);
  });
}

/** The number at the end of a command tag; utility statements have none. */
function countOf(tag: string): number {
  return Number(/ (\d+)$/.exec(tag)?.[1] ?? 0);
}

function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new RangeError(`no column ${index}`);
  return item;
}

function unsupported(message: string): DataApiError {
  return new DataApiError('UnsupportedResultException', message);
}
