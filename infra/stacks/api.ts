import { Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { CorsHttpMethod, HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { cors } from '../cors.ts';
import type { Settings } from '../stages.ts';

export interface ApiStackProps extends StackProps {
  readonly settings: Settings;
}

/** The HTTP API without routes and without a stage; each area's stack adds its own routes, and the stage comes after all of them. */
export class ApiStack extends Stack {
  readonly api: HttpApi;
  /** Origin under which clients reach the API. */
  readonly publicBaseUrl: string;
  readonly accessLog: LogGroup;

  constructor(scope: Construct, id: string, { settings, ...props }: ApiStackProps) {
    super(scope, id, props);
    this.api = new HttpApi(this, 'Api', {
      apiName: this.stackName,
      createDefaultStage: false,
      ...(settings.webOrigins.length === 0 ? {} : { corsPreflight: corsOf(settings.webOrigins) }),
    });
    this.accessLog = new LogGroup(this, 'AccessLog', {
      logGroupName: `/posthaste/${settings.stage}/access`,
      retention: settings.logRetention,
      removalPolicy: settings.keepLogs ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    this.publicBaseUrl = settings.publicBaseUrl ?? this.api.apiEndpoint;
  }
}

function corsOf(origins: readonly string[]) {
  return {
    allowOrigins: [...origins],
    allowMethods: cors.allowMethods.map((method) => CorsHttpMethod[method]),
    allowHeaders: [...cors.allowHeaders],
    exposeHeaders: [...cors.exposeHeaders],
    maxAge: Duration.seconds(cors.maxAgeS),
  };
}
