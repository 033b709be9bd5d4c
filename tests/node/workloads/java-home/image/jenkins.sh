#!/bin/bash -e
: "${JENKINS_HOME:="/var/jenkins_home"}"
touch "${JENKINS_HOME}/copy_reference_file.log" || { echo "Can not write to ${JENKINS_HOME}/copy_reference_file.log. Wrong volume permissions?"; exit 1; }
exec java -Duser.home="$JENKINS_HOME" $JAVA_OPTS -jar /usr/share/jenkins/jenkins.war
