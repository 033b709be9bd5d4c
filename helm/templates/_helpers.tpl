{{/*
What several templates share. Names are fixed: labels of namespaces mean one thing in a cluster, so that there is one pod-hardener in
it, and everybody can call its objects by their names.
*/}}

{{/* The labels of an object. Called with the root, the component, if the object is of one, and further labels. */}}
{{- define "pod-hardener.labels" -}}
{{- $own := dict "app.kubernetes.io/version" .root.Chart.AppVersion "app.kubernetes.io/managed-by" .root.Release.Service
  "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_") -}}
{{- merge (include "pod-hardener.selector" . | fromYaml) $own (.labels | default dict) .root.Values.commonLabels | toYaml }}
{{- end }}

{{/* The labels that select pods: they never change. */}}
{{- define "pod-hardener.selector" -}}
app.kubernetes.io/name: pod-hardener
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{/* The metadata of an object but its name: called with the root, the component, and further annotations and labels. */}}
{{- define "pod-hardener.metadata" -}}
labels:
  {{- include "pod-hardener.labels" . | nindent 2 }}
{{- with merge (dict) (.annotations | default dict) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* The same of a pod, whose labels stay as they are when the chart's version changes: another label is another pod. */}}
{{- define "pod-hardener.pod-metadata" -}}
labels:
  {{- merge (include "pod-hardener.selector" . | fromYaml) .root.Values.podLabels .root.Values.commonLabels | toYaml | nindent 2 }}
{{- with merge (dict) .root.Values.podAnnotations .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* The container image. */}}
{{- define "pod-hardener.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ $image.tag | default .Chart.AppVersion }}
{{- end }}
{{- end }}

{{/* The Secret that has the certificate. */}}
{{- define "pod-hardener.secret" -}}
{{- if eq .Values.certificates.mode "existing" -}}
{{ .Values.certificates.secretName }}
{{- else -}}
pod-hardener-tls
{{- end }}
{{- end }}

{{/* The host of `webhook.url`, if there is one. */}}
{{- define "pod-hardener.host" -}}
{{- with .Values.webhook.url }}{{ (urlParse .).hostname }}{{ end }}
{{- end }}

{{/* The configuration that the ConfigMap has, if there is one. */}}
{{- define "pod-hardener.config" -}}
{{- if .Values.config -}}
{{ .Values.config }}
{{- else if .Values.userNamespaces -}}
version = 1
{{- range include "pod-hardener.shipped" . | fromJsonArray }}

[profiles.{{ . }}]
extends = "{{ . }}"
user-namespace.enabled = true
{{- end }}
{{ end }}
{{- end }}

{{/* The profiles that every configuration has, whatever it says. */}}
{{- define "pod-hardener.shipped" -}}
["compatible", "restricted", "strict"]
{{- end }}

{{/* The namespaces that are never touched: without the first three a cluster may not come up, without the own one, we may not (C13). */}}
{{- define "pod-hardener.excluded" -}}
{{ concat (list "kube-system" "kube-public" "kube-node-lease" .Release.Namespace) .Values.excludedNamespaces | uniq | toJson }}
{{- end }}

{{/* The expression that selects namespaces that are not excluded. */}}
{{- define "pod-hardener.not-excluded" -}}
- key: kubernetes.io/metadata.name
  operator: NotIn
  values: {{ include "pod-hardener.excluded" . }}
{{- end }}

{{/* Where the API server sends reviews. Called with the root and the path. */}}
{{- define "pod-hardener.client" -}}
{{- if .root.Values.webhook.url -}}
url: {{ printf "%s%s" (.root.Values.webhook.url | trimSuffix "/") .path }}
{{- else -}}
service:
  name: pod-hardener
  namespace: {{ .root.Release.Namespace }}
  path: {{ .path }}
  port: 443
{{- end }}
{{- /* Left out where somebody else writes it: what Helm does not own, it does not reset. */}}
{{- with .root.Values.certificates.caBundle }}
caBundle: {{ b64enc . }}
{{- end }}
{{- end }}

{{/* The annotations of a registration: whose CA is in it. By them a controller that is about to end leaves it alone. */}}
{{- define "pod-hardener.inject-ca" -}}
{{- if eq .Values.certificates.mode "cert-manager" -}}
cert-manager.io/inject-ca-from: {{ .Release.Namespace }}/pod-hardener
{{- else if eq .Values.certificates.mode "existing" -}}
pod-hardener.io/certificate: existing
{{- end }}
{{- end }}

{{/* New pods, and ephemeral containers. No other subresource: most of them have no pod (C4). */}}
{{- define "pod-hardener.pods" -}}
- operations: [CREATE]
  apiGroups: [""]
  apiVersions: [v1]
  resources: [pods]
  scope: Namespaced
- operations: [UPDATE]
  apiGroups: [""]
  apiVersions: [v1]
  resources: [pods/ephemeralcontainers]
  scope: Namespaced
{{- end }}

{{/* What people make, of which controllers make pods. */}}
{{- define "pod-hardener.workloads" -}}
- operations: [CREATE, UPDATE]
  apiGroups: [apps]
  apiVersions: [v1]
  resources: [deployments, statefulsets, daemonsets]
  scope: Namespaced
- operations: [CREATE, UPDATE]
  apiGroups: [batch]
  apiVersions: [v1]
  resources: [jobs, cronjobs]
  scope: Namespaced
{{- end }}

{{/* Mirror pods are not what runs: the node has its own file of a static pod (X17). */}}
{{- define "pod-hardener.pod-conditions" -}}
- name: not-a-mirror-pod
  expression: "!has(object.metadata.annotations) || !('kubernetes.io/config.mirror' in object.metadata.annotations)"
{{- with .Values.webhook.matchConditions }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* What a person made or changed: a warning reaches nobody else (J10). */}}
{{- define "pod-hardener.workload-conditions" -}}
- name: not-of-a-controller
  expression: "!has(object.metadata.ownerReferences) || !object.metadata.ownerReferences.exists(owner, has(owner.controller) && owner.controller)"
- name: another-template
  expression: >-
    request.operation == 'CREATE' || (has(object.spec.jobTemplate)
    ? object.spec.jobTemplate.spec.template != oldObject.spec.jobTemplate.spec.template
    : object.spec.template != oldObject.spec.template)
{{- with .Values.webhook.matchConditions }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* What every pod of ours says beside its containers. */}}
{{- define "pod-hardener.pod" -}}
enableServiceLinks: false
{{- with .Values.podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* What every container of ours says of how it runs. */}}
{{- define "pod-hardener.container" -}}
image: {{ include "pod-hardener.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- with .Values.securityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
livenessProbe:
  httpGet:
    path: /livez
    port: admin
  periodSeconds: 10
  timeoutSeconds: 3
readinessProbe:
  httpGet:
    path: /readyz
    port: admin
  # A server that ends says so here first, and nobody is to send it anything more a little later.
  periodSeconds: 2
  timeoutSeconds: 3
{{- end }}
