import { Stack, type StackProps } from 'aws-cdk-lib';
import { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import type { Construct } from 'constructs';
import type { FunctionSettings } from '../constructs/door-function.ts';
import { HttpFunction } from '../constructs/http-function.ts';
import type { Door } from '../doors.ts';

export interface AreaStackProps extends StackProps {
  readonly doors: readonly Door[];
  readonly apiId: string;
  readonly functions: FunctionSettings;
}

/** The endpoints of one folder of `functions/`. A stack per area, because CloudFormation takes 500 resources in one. */
export class AreaStack extends Stack {
  constructor(scope: Construct, id: string, { doors, apiId, functions, ...props }: AreaStackProps) {
    super(scope, id, props);
    const api = HttpApi.fromHttpApiAttributes(this, 'Api', { httpApiId: apiId });
    for (const door of doors) {
      const { contract } = door;
      if (contract.kind === 'endpoint') new HttpFunction(this, { ...functions, door, contract, api });
    }
  }
}
