// How does each optimizer step? The arithmetic of the crate `optim` in its order, for one number of a position at a time.
"use strict";

const average = (beta) => {
  const take = 1 - beta;
  return (before, now) => beta * before + take * now;
};

const corrected = (beta, t) => 1 - Math.pow(beta, t);

// From settings, by step t (from 1) and rate, to how far a number goes down along its gradient g. What it remembers, s, is at
// first zero.
const RULES = {
  sgd: () => (t, rate) => (g) => rate * g,
  momentum: ({ mu }) => (t, rate) => (g, s) => {
    s[0] = mu * s[0] + g;
    return rate * s[0];
  },
  nesterov: ({ mu }) => (t, rate) => (g, s) => {
    s[0] = mu * s[0] + g;
    return rate * (g + mu * s[0]);
  },
  adagrad: ({ epsilon, inside }) => (t, rate) => (g, s) => {
    s[0] = s[0] + g * g;
    return (rate * g) / (inside ? Math.sqrt(s[0] + epsilon) : Math.sqrt(s[0]) + epsilon);
  },
  adadelta: ({ rho, epsilon, inside }) => {
    const next = average(rho);
    return (t, rate) => (g, s) => {
      s[0] = next(s[0], g * g);
      const u = (inside ? rate : 1) * ((Math.sqrt(s[1] + epsilon) / Math.sqrt(s[0] + epsilon)) * g);
      s[1] = next(s[1], u * u);
      return (inside ? 1 : rate) * u;
    };
  },
  rmsprop: ({ rho, epsilon, inside }) => {
    const next = average(rho);
    return (t, rate) => (g, s) => {
      s[0] = next(s[0], g * g);
      return rate * (g / (inside ? Math.sqrt(s[0] + epsilon) : Math.sqrt(s[0]) + epsilon));
    };
  },
  adam: ({ beta1, beta2, epsilon }) => {
    const [first, second] = [average(beta1), average(beta2)];
    return (t, rate) => {
      const length = rate / corrected(beta1, t);
      const correction = 1 / Math.sqrt(corrected(beta2, t));
      return (g, s) => {
        s[0] = first(s[0], g);
        s[1] = second(s[1], g * g);
        return (length * s[0]) / (Math.sqrt(s[1]) * correction + epsilon);
      };
    };
  },
  nadam: ({ beta1, beta2, epsilon, psi }) => {
    const [first, second] = [average(beta1), average(beta2)];
    const mu = (t) => beta1 * (1 - 0.5 * Math.pow(0.96, t * psi));
    return (t, rate) => {
      let product = 1;
      for (let i = 1; i <= t; i += 1) product *= mu(i);
      const now = (rate * (1 - mu(t))) / (1 - product);
      const ahead = (rate * mu(t + 1)) / (1 - product * mu(t + 1));
      const correction = 1 / Math.sqrt(corrected(beta2, t));
      return (g, s) => {
        s[0] = first(s[0], g);
        s[1] = second(s[1], g * g);
        return (now * g + ahead * s[0]) / (Math.sqrt(s[1]) * correction + epsilon);
      };
    };
  },
  radam: ({ beta1, beta2, epsilon }) => {
    const [first, second] = [average(beta1), average(beta2)];
    const longest = 2 / (1 - beta2) - 1;
    const of = (rho) => ((rho - 4) * (rho - 2)) / rho;
    return (t, rate) => {
      const correction = corrected(beta2, t);
      const rho = longest - (2 * t * Math.pow(beta2, t)) / correction;
      const length = rate / corrected(beta1, t);
      const scaled = rho > 5 ? length * Math.sqrt(correction) * Math.sqrt(of(rho) / of(longest)) : length;
      return (g, s) => {
        s[0] = first(s[0], g);
        s[1] = second(s[1], g * g);
        return rho > 5 ? (scaled * s[0]) / (Math.sqrt(s[1]) + epsilon) : scaled * s[0];
      };
    };
  },
  adan: ({ beta1, beta2, beta3, epsilon }) => {
    const [first, change, second] = [average(beta1), average(beta2), average(beta3)];
    return (t, rate) => {
      const along = rate / corrected(beta1, t);
      const ahead = (rate * beta2) / corrected(beta2, t);
      const correction = 1 / Math.sqrt(corrected(beta3, t));
      return (g, s) => {
        const difference = t === 1 ? 0 : g - s[3];
        const forward = g + beta2 * difference;
        s[0] = first(s[0], g);
        s[1] = change(s[1], difference);
        s[2] = second(s[2], forward * forward);
        s[3] = g;
        return (along * s[0] + ahead * s[1]) / (Math.sqrt(s[2]) * correction + epsilon);
      };
    };
  },
  lion: ({ beta1, beta2 }) => {
    const [mixed, kept] = [average(beta1), average(beta2)];
    return (t, rate) => (g, s) => {
      const d = rate * Math.sign(mixed(s[0], g));
      s[0] = kept(s[0], g);
      return d;
    };
  },
};

// Where a racer is after each step, how high that is, and how steep; it ends early where the numbers do.
function race(formulas, rule, rate, start, frames) {
  const step = RULES[rule.kind](rule);
  const memory = [[0, 0, 0, 0], [0, 0, 0, 0]];
  const way = { positions: [], values: [], slopes: [] };
  const keep = 1 - rate * rule.decay;
  let position = start;
  while (way.positions.length < frames) {
    const value = formulas.value(...position);
    const gradient = formulas.slopes.map((slope) => slope(...position));
    if (![value, ...gradient].every(Number.isFinite)) break;
    way.positions.push(position);
    way.values.push(value);
    way.slopes.push(Math.hypot(...gradient));
    const down = step(way.positions.length, rate);
    position = position.map((theta, i) => keep * theta - down(gradient[i], memory[i]));
  }
  return way;
}
