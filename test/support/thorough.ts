/** Whether to run what says the same once more, in another language or without reduction: `WHYSTALE_THOROUGH=1 make test`. */
export const THOROUGH = process.env.WHYSTALE_THOROUGH === '1';
