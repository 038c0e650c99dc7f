/** What `whystale doctor` looks at. */
export { type Check, type DoctorReport, exitCodeOf } from './check.ts';
export { type DoctorRequest, examine } from './doctor.ts';
export { renderReport } from './render.ts';
