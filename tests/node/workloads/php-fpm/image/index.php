<?php
// A session in /tmp that counts, and a report that takes 200 MB there first.
if (isset($_GET['report'])) {
    $file = tempnam(sys_get_temp_dir(), 'report');
    $out = fopen($file, 'w');
    for ($i = 0; $i < 200; $i++) {
        fwrite($out, str_repeat("\0", 1 << 20));
    }
    fclose($out);
    echo filesize($file);
    unlink($file);
    exit;
}
session_id($_GET['who'] ?? 'nobody');
session_start();
$_SESSION['visits'] = ($_SESSION['visits'] ?? 0) + 1;
echo 'visits ', $_SESSION['visits'];
