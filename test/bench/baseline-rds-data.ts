/** The client that every door with a database brings along, and nothing else. */
import { ExecuteStatementCommand, RDSDataClient } from '@aws-sdk/client-rds-data';

export const handler = [ExecuteStatementCommand, RDSDataClient];
