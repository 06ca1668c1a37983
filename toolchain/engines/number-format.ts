// how numbers become text
console.log(0.1 + 0.2, 1 / 3, 1e21, 1e-7, 123456789012345680000, 5e-324, 1.7976931348623157e308, -0, 100, 1.0, 0.000001);
console.log(String(-0), `${NaN}`, String(Infinity), -Infinity, (25).toString(), (0.5).toString());
