import { proofs } from './proofs.ts';

proofs('FastAPI');
