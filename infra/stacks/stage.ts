import { Stack, type StackProps } from 'aws-cdk-lib';
import { CfnStage } from 'aws-cdk-lib/aws-apigatewayv2';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { methodsOfDoor } from '../../functions/_kit/route-table.ts';
import type { Door } from '../doors.ts';
import type { Settings } from '../stages.ts';

export interface StageStackProps extends StackProps {
  readonly settings: Settings;
  readonly apiId: string;
  readonly accessLog: ILogGroup;
  readonly doors: readonly Door[];
}

/**
 * No path and no query: pages are opened by an unguessable path, which is a secret. No address: the function's line under the
 * same id names the person, whose erasure this log would outlive; limits count addresses by themselves.
 */
const accessLogFields = {
  requestId: '$context.requestId',
  at: '$context.requestTime',
  route: '$context.routeKey',
  status: '$context.status',
  latencyMs: '$context.responseLatency',
  functionMs: '$context.integrationLatency',
  bytes: '$context.responseLength',
  error: '$context.integrationErrorMessage',
};

/**
 * The one stage of the HTTP API, with the throttles of the doors that no database counts. API Gateway refuses settings of
 * a route that is not there yet ("Unable to find Route by key"), so this stack comes after those of the areas.
 */
export class StageStack extends Stack {
  constructor(scope: Construct, id: string, { settings, apiId, accessLog, doors, ...props }: StageStackProps) {
    super(scope, id, props);
    new CfnStage(this, 'Stage', {
      apiId,
      stageName: '$default',
      autoDeploy: true,
      defaultRouteSettings: { throttlingRateLimit: settings.rate, throttlingBurstLimit: settings.burst },
      routeSettings: routeSettingsOf(doors, settings),
      accessLogSettings: { destinationArn: accessLog.logGroupArn, format: JSON.stringify(accessLogFields) },
    });
  }
}

/** By route key, in the words of CloudFormation, which takes this map as it is. */
function routeSettingsOf(doors: readonly Door[], { rate, burst }: Settings) {
  const settings: Record<string, { ThrottlingRateLimit: number; ThrottlingBurstLimit: number }> = {};
  for (const { contract } of doors) {
    if (contract.kind !== 'endpoint' || contract.throttle === undefined) continue;
    for (const method of methodsOfDoor(contract)) {
      settings[method === '$default' ? method : `${method} ${contract.path}`] = {
        // A door of a small stage takes no more than the stage.
        ThrottlingRateLimit: Math.min(contract.throttle.ratePerS, rate),
        ThrottlingBurstLimit: Math.min(contract.throttle.burst, burst),
      };
    }
  }
  return settings;
}
