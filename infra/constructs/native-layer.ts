import { existsSync } from 'node:fs';
import { Annotations, CfnParameter, Stack } from 'aws-cdk-lib';
import { Architecture, Code, type ILayerVersion, LayerVersion, Runtime } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';

const layerId = 'NativeLayer';
const parameterId = 'NativeLayerArn';

/**
 * The layer with the native packages, one per stack: a layer's ARN changes with each version, and CloudFormation refuses to
 * change what another stack imports. While the folder is not built the template asks for the ARN of a layer by a parameter
 * without a default, so that such a template can be looked at and tested but not deployed by accident.
 */
export function nativeLayer(scope: Construct, folder: string): ILayerVersion {
  const stack = Stack.of(scope);
  const known = stack.node.tryFindChild(layerId);
  if (known instanceof LayerVersion) return known;
  if (existsSync(folder)) {
    return new LayerVersion(stack, layerId, {
      code: Code.fromAsset(folder),
      compatibleArchitectures: [Architecture.ARM_64],
      compatibleRuntimes: [Runtime.NODEJS_24_X],
      description: 'sharp and node-av with their binaries for Linux on arm64',
    });
  }
  const parameter = stack.node.tryFindChild(parameterId) ?? missingLayer(stack);
  if (!(parameter instanceof CfnParameter)) throw new Error(`${parameterId} is taken in ${stack.stackName}`);
  return LayerVersion.fromLayerVersionArn(scope, layerId, parameter.valueAsString);
}

function missingLayer(stack: Stack): CfnParameter {
  Annotations.of(stack).addWarningV2(
    'posthaste:layer',
    'The native layer is not built (node infra/tools/layer.ts): this template asks for NativeLayerArn.',
  );
  return new CfnParameter(stack, parameterId, {
    type: 'String',
    description: 'ARN of a layer with sharp and node-av for linux-arm64; or build it: node infra/tools/layer.ts',
    allowedPattern: 'arn:.+:layer:.+:[0-9]+',
  });
}
