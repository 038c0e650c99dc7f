import { proofs } from './race/proofs.ts';

proofs('Node');
