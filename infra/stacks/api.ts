import { Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import { CorsHttpMethod, HttpApi, HttpStage, LogGroupLogDestination } from 'aws-cdk-lib/aws-apigatewayv2';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { Settings } from '../stages.ts';

export interface ApiStackProps extends StackProps {
  readonly settings: Settings;
}

/** No path and no query: pages are opened by an unguessable path, which is a secret. */
const accessLogFields = {
  requestId: '$context.requestId',
  at: '$context.requestTime',
  route: '$context.routeKey',
  status: '$context.status',
  latencyMs: '$context.responseLatency',
  functionMs: '$context.integrationLatency',
  bytes: '$context.responseLength',
  ip: '$context.identity.sourceIp',
  error: '$context.integrationErrorMessage',
};

/** The HTTP API without routes; each area's stack adds its own. */
export class ApiStack extends Stack {
  readonly api: HttpApi;
  /** Origin under which clients reach the API. */
  readonly publicBaseUrl: string;

  constructor(scope: Construct, id: string, { settings, ...props }: ApiStackProps) {
    super(scope, id, props);
    this.api = new HttpApi(this, 'Api', {
      apiName: this.stackName,
      createDefaultStage: false,
      ...(settings.webOrigins.length === 0 ? {} : { corsPreflight: corsOf(settings.webOrigins) }),
    });
    const accessLog = new LogGroup(this, 'AccessLog', {
      logGroupName: `/posthaste/${settings.stage}/access`,
      retention: settings.logRetention,
      removalPolicy: settings.keepLogs ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    new HttpStage(this, 'Stage', {
      httpApi: this.api,
      stageName: '$default',
      autoDeploy: true,
      throttle: { rateLimit: settings.rate, burstLimit: settings.burst },
      accessLogSettings: {
        destination: new LogGroupLogDestination(accessLog),
        format: AccessLogFormat.custom(JSON.stringify(accessLogFields)),
      },
    });
    this.publicBaseUrl = settings.publicBaseUrl ?? this.api.apiEndpoint;
  }
}

function corsOf(origins: readonly string[]) {
  return {
    allowOrigins: [...origins],
    allowMethods: [CorsHttpMethod.ANY],
    allowHeaders: ['authorization', 'content-type', 'idempotency-key', 'if-match'],
    exposeHeaders: ['etag', 'location', 'retry-after', 'ratelimit', 'ratelimit-policy', 'x-request-id'],
    maxAge: Duration.hours(1),
  };
}
