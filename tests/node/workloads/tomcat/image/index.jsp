<%@ page import="java.util.*, java.io.*" %><%
  // Keeps what it is given in the heap, and takes as much of it as it is asked for.
  String keep = request.getParameter("keep");
  if (keep != null) application.setAttribute("kept", keep);
  File upload = File.createTempFile("upload", ".bin");
  try (FileOutputStream bytes = new FileOutputStream(upload)) { bytes.write(new byte[1 << 16]); }
  upload.delete();
  String heap = request.getParameter("heap");
  long took = 0;
  if (heap != null) {
    List<byte[]> blocks = new ArrayList<>();
    for (int i = 0; i < Integer.parseInt(heap); i++) { took += 1; for (int j = 0; j < 4; j++) blocks.add(new byte[1 << 18]); }
  }
%>kept=<%= application.getAttribute("kept") %> heap=<%= took %>
