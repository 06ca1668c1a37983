// Unicode normalisation
console.log("é".normalize("NFD").length);
