/** The entry point `unified-chat/doctor`: checks a backend, in a host's own tests for example. See docs/DOCTOR.md. */
export { diagnose, type DiagnoseOptions } from './diagnose.js';
export type { DoctorTiming } from './check-context.js';
export { CHECKS, type CheckId } from './checks.js';
export type { Finding, Report, Verdict } from './findings.js';
export { toText } from './report-text.js';
export { withWs, type RequestUpgrade, type UpgradeRequest, type UpgradeResponse } from './upgrade-request.js';
