// What deploy/sam/template.yaml says, for the other checks to compare with.
import { expandLoops, parseTemplate } from './cloudformation.mjs';

export const exampleItems = {
  StreamArns: ['Orders', 'log-2.a_b'].map(
    (table) =>
      `arn:aws:dynamodb:us-west-2:111122223333:table/${table}/stream/2026-01-15T12:00:00.123`,
  ),
};

export const readSam = (sources) => parseTemplate(sources['deploy/sam/template.yaml']);
export const readExpandedSam = (sources) => expandLoops(readSam(sources), exampleItems);

export const ofType = (template, type) =>
  Object.entries(template.Resources).filter(([, resource]) => resource.Type === type);

export const theFunction = (template) => template.Resources.Function.Properties;
export const environmentOf = (template) => theFunction(template).Environment.Variables;
export const mappingsOf = (template) =>
  ofType(template, 'AWS::Lambda::EventSourceMapping').map(([, resource]) => resource.Properties);

/** Policies of all roles: name and statements, also those behind a condition. */
export function samPolicies(template) {
  return ofType(template, 'AWS::IAM::Role')
    .flatMap(([, role]) => role.Properties.Policies)
    .map((policy) => policy['Fn::If']?.[1] ?? policy)
    .map((policy) => [policy.PolicyName, policy.PolicyDocument.Statement]);
}

export function samAlarms(template) {
  return Object.fromEntries(
    ofType(template, 'AWS::CloudWatch::Alarm').map(([name, { Properties: alarm }]) => [
      name.replace(/Alarm$/, ''),
      {
        namespace: alarm.Namespace,
        metric: alarm.MetricName,
        dimensions: alarm.Dimensions.map((dimension) => dimension.Name).sort(),
        statistic: alarm.Statistic,
        period: alarm.Period,
        periods: alarm.EvaluationPeriods,
        datapoints: alarm.DatapointsToAlarm,
        threshold: alarm.Threshold.Ref ?? alarm.Threshold,
        missing: alarm.TreatMissingData,
      },
    ]),
  );
}
