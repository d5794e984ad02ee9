// What Swagger UI shows. Its validator lies on another host, so it is left out.
SwaggerUIBundle({
  url: document.body.dataset.description,
  dom_id: "#interface",
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  validatorUrl: null,
});
