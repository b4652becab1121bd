import { HttpMethod, HttpRoute, HttpRouteKey, type IHttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { Construct } from 'constructs';
import type { EndpointContract } from '../../functions/_kit/contract.ts';
import { methodsOfDoor } from '../../functions/_kit/route-table.ts';
import { DoorFunction, type DoorFunctionProps } from './door-function.ts';

export interface HttpFunctionProps extends DoorFunctionProps {
  readonly contract: EndpointContract;
  readonly api: IHttpApi;
}

/** A door behind a route of the HTTP API; the gateway passes everything on, the wrapper checks the token. */
export class HttpFunction extends DoorFunction {
  constructor(scope: Construct, props: HttpFunctionProps) {
    super(scope, props);
    const integration = new HttpLambdaIntegration('Integration', this.function);
    for (const method of methodsOfDoor(props.contract)) {
      new HttpRoute(this, method === 'HEAD' ? 'HeadRoute' : 'Route', {
        httpApi: props.api,
        routeKey:
          method === '$default' ? HttpRouteKey.DEFAULT : HttpRouteKey.with(props.contract.path, HttpMethod[method]),
        integration,
      });
    }
  }
}
