// toFixed, toPrecision, toExponential
console.log((1.005).toFixed(2), (2.5).toFixed(0), (1e21).toFixed(2), (-1.5).toFixed(0), (0).toFixed(3), (123.456).toFixed(1), (1234.5678).toPrecision(6), (0.00001).toPrecision(1), (12345).toExponential(2));
