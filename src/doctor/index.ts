/** The doctor, for a host's own tests: `unified-chat/doctor`. docs/DOCTOR.md shows how. */
export { diagnose, type DiagnoseOptions } from './diagnose.js';
export type { DoctorTiming } from './check-context.js';
export type { Finding, Report, Verdict } from './findings.js';
export { POINTS, type PointId } from './checks.js';
export { toText } from './text.js';
export { withWs, type OpenUpgrade, type UpgradeAnswer, type UpgradeRequest } from './upgrade.js';
